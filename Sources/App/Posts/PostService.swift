// The rules of posts: who may write which. A value of lets; its calls run on the loop that made it.

import Actors
import Reactor

/// Posts: everybody who is let in reads all of them.
struct PostService: Sendable {
    let database: DatabasePool

    /// Who writes.
    enum Writer: Sendable {
        /// Somebody in the open directory: writes in anybody's name.
        case visitor
        /// Writes in their own name; administrators in anybody's.
        case user(Principal)

        /// In whose name alone they may write; nil for anybody's.
        fileprivate var author: Int64? {
            switch self {
            case .visitor: nil
            case .user(let principal): principal.isAdmin ? nil : principal.userID
            }
        }
    }

    // MARK: Reading

    /// - Parameter author: whose; nil for everybody's.
    func list(by author: Int64?, _ page: PageRequest) async throws -> ListPage<Post> {
        try await PostRepository.list(by: author, page, in: database)
    }

    /// How many posts everybody has who has any.
    func counts(_ page: PageRequest) async throws -> ListPage<PostCount> {
        try await PostRepository.counts(page, in: database)
    }

    /// - Throws: `APIError` ``APIError/postNotFound``.
    func find(_ id: Int64) async throws -> Post {
        guard let post = try await PostRepository.find(id, in: database) else { throw APIError.postNotFound }
        return post
    }

    // MARK: Writing

    /// - Throws: `APIError` ``APIError/unknownUser``, ``APIError/notThePostsAuthor`` for a post in another's name.
    func create(_ request: CreatePostRequest, by writer: Writer) async throws -> Post {
        if let author = writer.author, author != request.userID { throw APIError.notThePostsAuthor }
        return try await reportingUnknownUser {
            try await PostRepository.insert(request, now: .now(), in: database)
        }
    }

    /// - Throws: `APIError` ``APIError/postNotFound``, ``APIError/unknownUser``, ``APIError/notThePostsAuthor``.
    func update(_ id: Int64, _ request: UpdatePostRequest, by writer: Writer) async throws -> Post {
        let author = writer.author
        let current = try await find(id)
        if let author, author != current.userID || author != request.userID ?? author { throw APIError.notThePostsAuthor }
        guard !request.isEmpty else { return current }
        let post = try await reportingUnknownUser {
            try await PostRepository.update(id, by: author, request, in: database)
        }
        guard let post else { throw APIError.postNotFound }
        return post
    }

    /// - Throws: `APIError` ``APIError/postNotFound``, ``APIError/notThePostsAuthor``.
    func delete(_ id: Int64, by writer: Writer) async throws {
        let author = writer.author
        if let author, try await find(id).userID != author { throw APIError.notThePostsAuthor }
        guard try await PostRepository.delete(id, by: author, in: database) else { throw APIError.postNotFound }
    }

    private func reportingUnknownUser<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch DatabaseError.constraint(.foreignKey, _) {
            throw APIError.unknownUser
        }
    }
}
