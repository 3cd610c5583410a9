// The rules of accounts and logins: who gets a token, and for how long it is worth something. A value of lets; its calls run on
// the loop that made it. What ends a session is the commit in the database; the session stores are told afterwards, so that no
// loop believes in it for another second.

import Actors
import FoundationEssentials
import Reactor

/// Accounts, logins, sessions.
struct AuthService: Sendable {
    /// What configuration has to say.
    struct Settings: Sendable {
        /// How long a refresh token is good, and a session lives on after each use.
        var refreshTokenLifetime: Duration = .seconds(30 * 86_400)
        var checksCommonPasswords = false
        /// Whether a new address is sent a mail to verify it.
        var verifiesEmail = false
        /// Attempts for a login name from an address; nil is no limit.
        var loginRule: RateLimitRule?
        /// Mails to an address that a client asks for; nil is no limit.
        var mailRule: RateLimitRule?
    }

    /// How a client stands with its attempts to log in, or to have mails sent.
    struct Allowance: Sendable {
        let rule: RateLimitRule
        let decision: RateLimitDecision
    }

    let database: DatabasePool
    let passwords: PasswordHasher
    let tokens: TokenIssuer
    let sessions: SessionStoreGroup
    let limiter: RateLimiter
    let jobs: JobQueue
    let cache: Cache
    let settings: Settings

    // MARK: Accounts

    /// Opens an account.
    /// - Throws: `APIError` ``APIError/userExists``, or 422 for a password that everybody knows.
    func register(_ request: RegisterRequest, from origin: RequestOrigin) async throws -> User {
        try checkStrength(of: request.password, field: "password", names: [request.email, request.username])
        let hash = try await passwords.hash(request.password)
        let new = UserRepository.NewUser(
            email: request.email, username: request.username, fullName: request.fullName, hashedPassword: hash)
        let now = Timestamp.now()
        return try await settling(changesDirectory: true) {
            try await database.withTransaction { transaction in
                let user = try await UserRepository.insert(new, now: now, in: transaction)
                try await AuditLog.record(
                    AuditEntry("user.register", by: user.id, on: "user", String(user.id)), from: origin, at: now, in: transaction)
                try await enqueueVerification(of: user, in: transaction)
                return user
            }
        }
    }

    func profile(of principal: Principal) async throws -> User {
        guard let user = try await UserRepository.find(id: principal.userID, in: database) else { throw APIError.invalidToken }
        return user
    }

    /// Changes one's own names.
    /// - Throws: `APIError` ``APIError/userExists``.
    func update(_ changes: UserRepository.Changes, of principal: Principal, from origin: RequestOrigin) async throws -> User {
        guard !changes.isEmpty else { return try await profile(of: principal) }
        let id = principal.userID
        let now = Timestamp.now()
        return try await settling(sessionsOf: id, changesDirectory: true) {
            try await database.withTransaction { transaction in
                guard let user = try await UserRepository.update(id: id, changes, now: now, in: transaction) else {
                    throw APIError.invalidToken
                }
                try await AuditLog.record(
                    AuditEntry("user.update", by: id, on: "user", String(id)), from: origin, at: now, in: transaction)
                if changes.email != nil { try await enqueueVerification(of: user, in: transaction) }
                return user
            }
        }
    }

    /// Replaces one's password, and ends every other session.
    /// - Throws: `APIError` ``APIError/wrongPassword``, or 422 for a password that everybody knows.
    func changePassword(
        from current: String, to new: String, of principal: Principal, from origin: RequestOrigin
    ) async throws {
        let id = principal.userID
        guard let stored = try await UserRepository.credentials(id: id, in: database), let oldHash = stored.hashedPassword,
            try await passwords.verify(current, against: oldHash) != .wrong
        else { throw APIError.wrongPassword }
        try checkStrength(of: new, field: "new_password", names: [stored.user.email, stored.user.username])
        let newHash = try await passwords.hash(new)
        let now = Timestamp.now()
        try await settling(sessionsOf: id) {
            try await database.withTransaction { transaction in
                // Somebody else changed it in the meantime: what was verified is not the password any more.
                guard try await UserRepository.replacePassword(id: id, old: oldHash, new: newHash, now: now, in: transaction) else {
                    throw APIError.wrongPassword
                }
                // Whoever asked for a reset before may not be who has just changed it.
                try await OneTimeTokenRepository.invalidate(.passwordReset, ofUser: id, now: now, in: transaction)
                let ended = try await SessionRepository.endAll(
                    ofUser: id, except: principal.sessionID, now: now, in: transaction)
                let entry = AuditEntry(
                    "user.password_change", by: id, on: "user", String(id), details: ["sessions_ended": .number(JSONNumber(ended))])
                try await AuditLog.record(entry, from: origin, at: now, in: transaction)
            }
        }
    }

    /// Removes one's account with everything in it.
    /// - Throws: `APIError` ``APIError/lastAdmin``.
    func deleteAccount(of principal: Principal, from origin: RequestOrigin) async throws {
        let id = principal.userID
        let now = Timestamp.now()
        try await settling(sessionsOf: id, changesDirectory: true) {
            try await database.withTransaction { transaction in
                let admins = try await UserRepository.lockActiveAdmins(in: transaction)
                guard admins != [id] else { throw APIError.lastAdmin }
                guard try await UserRepository.delete(id: id, in: transaction) else { throw APIError.invalidToken }
                try await AuditLog.record(
                    AuditEntry("user.delete", by: id, on: "user", String(id)), from: origin, at: now, in: transaction)
            }
        }
    }

    // MARK: Helpers

    /// Runs a write of a user, and has forgotten afterwards what it made untrue: also where it failed, for one that was cancelled
    /// or lost on its way to the commit may have happened all the same.
    /// - Parameters:
    ///   - user: whose sessions are looked up anew.
    ///   - changesDirectory: whether lists of users show it.
    func settling<Result: Sendable>(
        sessionsOf user: Int64? = nil, changesDirectory: Bool = false, _ write: () async throws -> Result
    ) async throws -> Result {
        do {
            let result = try await write()
            await settle(user, changesDirectory)
            return result
        } catch {
            await settle(user, changesDirectory)
            throw UserRepository.isIdentityConflict(error) ? APIError.userExists : error
        }
    }

    private func settle(_ user: Int64?, _ changesDirectory: Bool) async {
        if let user { await sessions.revokeAll(user: user) }
        if changesDirectory { await UserLists.invalidate(in: cache) }
    }

    func checkStrength(of password: String, field: String, names: [String?]) throws(APIError) {
        guard settings.checksCommonPasswords, let problem = CommonPasswords.problem(with: password, names: names) else { return }
        throw .validation(.valueError(problem), at: "body", .name(field))
    }
}
