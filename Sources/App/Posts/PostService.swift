// The rules of posts: who may write which. A value of lets; its calls run on the loop that made it.

import Actors
import Reactor

/// Posts: everybody who is let in reads all of them.
struct PostService: Sendable {
    let database: DatabasePool
    let users: UserService
    /// Of lists of posts. Who removes a user removes posts, and invalidates them too: see ``UserLists``.
    let totals: ListTotals

    static let namespace = "posts"

    // MARK: Reading

    /// - Parameter author: whose; nil for everybody's.
    func list(by author: Int64?, _ page: PageRequest) async throws -> ListPage<Post> {
        let database = self.database
        return try await PostRepository.list(by: author, page, in: database).counted {
            try await totals.total(of: author.map { "\($0)" } ?? "") { try await PostRepository.count(by: author, in: database) }
        }
    }

    /// How many posts everybody has who has any.
    func counts(_ page: PageRequest) async throws -> ListPage<PostCount> {
        let database = self.database
        return try await PostRepository.counts(page, in: database).counted {
            try await totals.total(of: "authors") { try await PostRepository.countAuthors(in: database) }
        }
    }

    /// - Throws: `APIError` ``APIError/postNotFound``.
    func find(_ id: Int64) async throws -> Post {
        guard let post = try await PostRepository.find(id, in: database) else { throw APIError.postNotFound }
        return post
    }

    // MARK: Writing

    /// - Throws: `APIError` ``APIError/unknownUser``, ``APIError/accountProtected``, ``APIError/notThePostsAuthor``.
    func create(_ request: CreatePostRequest, _ access: UserAccess) async throws -> Post {
        let now = Timestamp.now()
        return try await writing {
            try await database.withTransaction { transaction in
                try await check(access, toWriteAs: request.userID, orThrow: .unknownUser, in: transaction)
                return try await PostRepository.insert(request, now: now, in: transaction)
            }
        }
    }

    /// - Throws: `APIError` ``APIError/postNotFound``, ``APIError/unknownUser``, ``APIError/accountProtected``,
    ///   ``APIError/notThePostsAuthor``.
    func update(_ id: Int64, _ request: UpdatePostRequest, _ access: UserAccess) async throws -> Post {
        try await writing {
            try await database.withTransaction { transaction in
                let current = try await checkedPost(id, access, in: transaction)
                if let author = request.userID, author != current.userID {
                    try await check(access, toWriteAs: author, orThrow: .unknownUser, in: transaction)
                }
                guard !request.isEmpty else { return current }
                let author = access.isAdmin ? nil : current.userID
                guard let post = try await PostRepository.update(id, by: author, request, in: transaction) else {
                    throw APIError.postNotFound
                }
                return post
            }
        }
    }

    /// - Throws: `APIError` ``APIError/postNotFound``, ``APIError/accountProtected``, ``APIError/notThePostsAuthor``.
    func delete(_ id: Int64, _ access: UserAccess) async throws {
        try await writing {
            try await database.withTransaction { transaction in
                let current = try await checkedPost(id, access, in: transaction)
                guard try await PostRepository.delete(id, by: access.isAdmin ? nil : current.userID, in: transaction) else {
                    throw APIError.postNotFound
                }
            }
        }
    }

    // MARK: Rights

    /// A post that the caller may change. Another author than this one may have it a moment later: whoever writes it says whose it
    /// must be.
    private func checkedPost(_ id: Int64, _ access: UserAccess, in transaction: any SQLExecutor) async throws -> Post {
        guard let post = try await PostRepository.find(id, in: transaction) else { throw APIError.postNotFound }
        try await check(access, toWriteAs: post.userID, orThrow: .postNotFound, in: transaction)
        return post
    }

    /// Users write in their own name and administrators in anybody's; where the directory is open, everybody in the names of rows
    /// without credentials.
    /// - Parameter missing: thrown where nobody's name it is.
    private func check(
        _ access: UserAccess, toWriteAs author: Int64, orThrow missing: APIError, in transaction: any SQLExecutor
    ) async throws {
        let right: UserAccess.Right
        do {
            right = try access.right(to: author)
        } catch {
            throw APIError.notThePostsAuthor
        }
        guard right == .visitor else { return }
        guard let isEntry = try await users.isEntry(author, in: transaction) else { throw missing }
        guard isEntry else { throw APIError.accountProtected }
    }

    /// Runs a write of a post, and forgets the totals.
    private func writing<Result: Sendable>(_ write: () async throws -> Result) async throws -> Result {
        do {
            return try await SettledWrite.run(write) { await totals.invalidate() }
        } catch DatabaseError.constraint(.foreignKey, _) {
            throw APIError.unknownUser
        }
    }
}
