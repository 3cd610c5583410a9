// The rules of users: who sees whom, and who makes whom. A value of lets; its calls run on the loop that made it. What it does to
// sessions is the commit in the database; the session stores are told afterwards, so that no loop believes in one for longer.

import Actors
import Reactor

/// Users, for administrators, for themselves, and for the directory's visitors.
struct UserService: Sendable {
    let database: DatabasePool
    let lists: UserLists
    let passwords: PasswordHasher
    let sessions: SessionStoreGroup
    let verification: VerificationMail
    let checksCommonPasswords: Bool

    // MARK: Reading

    /// A page of all users, newest first, encoded. Administrators get it from the database, everybody else from the cache.
    func list(_ page: PageRequest, _ access: UserAccess) async throws -> EncodedPage {
        let load: @Sendable () async throws -> EncodedPage = {
            EncodedPage(try await list(UserFilter(), page), page, seenBy: access)
        }
        // What administrators see changes by other ways too: a verified address, a role given on the command line.
        return access.isAdmin ? try await load() : try await lists.page(page, load: load)
    }

    /// A page of the users that a search finds, newest first, encoded.
    func search(_ query: SearchUsersQuery, _ access: UserAccess) async throws -> EncodedPage {
        let filter = UserFilter(name: query.name, createdAfter: query.createdAfter, searchesAllNames: access.isAdmin)
        return EncodedPage(try await list(filter, query.page), query.page, seenBy: access)
    }

    private func list(_ filter: UserFilter, _ page: PageRequest) async throws -> ListPage<User> {
        try await UserRepository.list(filter, page, in: database).counted { try await count(filter) }
    }

    private func count(_ filter: UserFilter) async throws -> Int {
        let database = self.database
        return try await lists.totals.total(of: filter.key) { try await UserRepository.count(filter, in: database) }
    }

    func statistics() async throws -> UserStatistics {
        // On an index of the times: the new ones are few.
        let new = try await UserRepository.count(UserFilter(createdAfter: .now() - .seconds(7 * 86_400)), in: database)
        return UserStatistics(total: try await count(UserFilter()), newInLastSevenDays: new)
    }

    /// - Throws: `APIError` ``APIError/forbidden``, ``APIError/userNotFound``.
    func find(_ id: Int64, _ access: UserAccess) async throws -> User {
        _ = try access.right(to: id)
        guard let user = try await UserRepository.find(id: id, in: database) else { throw APIError.userNotFound }
        return user
    }

    /// Whether a user's row is an entry, without credentials and rights. It stays one until the transaction ends.
    /// - Returns: nil where there is no such user.
    func isEntry(_ id: Int64, in transaction: any SQLExecutor) async throws(DatabaseError) -> Bool? {
        try await UserRepository.lockCredentials(id: id, in: transaction).map(UserAccess.isEntry)
    }

    // MARK: Making

    /// Makes an account, or without a password an entry of the directory.
    ///
    /// An address is one row's, whoever made it. Where the directory is open anybody can make an entry with anybody's address, and
    /// its owner can then not register: that is a 409 like any other, for nobody may take over a row by saying an address. An
    /// administrator deletes the entry, or gives it a password; `seed-admin` refuses such an address, and takes it with `--promote`.
    /// - Throws: `APIError` ``APIError/userExists``, or 422 for a password that everybody knows.
    func create(_ draft: UserDraft, _ access: UserAccess, from origin: RequestOrigin) async throws -> User {
        var new = UserRepository.NewUser(
            email: draft.email, username: draft.username, name: draft.name, fullName: draft.fullName, role: draft.role)
        if let password = draft.password {
            try checkStrength(of: password, names: [draft.email, draft.username])
            new.hashedPassword = try await passwords.hash(password)
        }
        let row = new
        let actor = access.principal?.userID
        let now = Timestamp.now()
        return try await writing {
            try await database.withTransaction { transaction in
                let user = try await UserRepository.insert(row, now: now, in: transaction)
                let details: JSONObject = ["role": .string(user.role.rawValue), "has_credentials": .bool(row.hashedPassword != nil)]
                try await AuditLog.record(
                    AuditEntry("user.create", by: actor, on: "user", String(user.id), details: details), from: origin, at: now,
                    in: transaction)
                // Entries get no mail: whoever makes one would have us write to anybody.
                if row.hashedPassword != nil { try await verification.enqueue(for: user, in: transaction) }
                return user
            }
        }
    }

    // MARK: Helpers

    /// Runs a write of a user, and forgets what it made untrue.
    /// - Parameters:
    ///   - user: whose sessions are looked up anew.
    ///   - changesDirectory: whether lists of users show it.
    /// - Throws: what `write` throws; ``APIError/userExists`` where an address or a username is taken.
    func writing<Result: Sendable>(
        to user: Int64? = nil, changesDirectory: Bool = true, _ write: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await SettledWrite.run(write) {
                if let user { await sessions.revokeAll(user: user) }
                if changesDirectory { await UserLists.invalidate(in: lists.cache) }
            }
        } catch {
            throw UserRepository.isIdentityConflict(error) ? APIError.userExists : error
        }
    }

    /// - Parameters:
    ///   - field: where the request has the password.
    ///   - names: of the account: they make no password.
    /// - Throws: `APIError` 422 for one that is well known, where those are refused.
    func checkStrength(of password: Text, field: String = "password", names: [Text?]) throws(APIError) {
        guard checksCommonPasswords, let problem = CommonPasswords.problem(with: password, names: names) else { return }
        throw .validation(.valueError(problem), at: "body", .name(field))
    }
}
