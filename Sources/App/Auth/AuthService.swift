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
    /// Owns what is the same through either door: changes of a profile, and what is forgotten after a write.
    let users: UserService
    let settings: Settings

    // MARK: Accounts

    /// Opens an account.
    /// - Throws: `APIError` ``APIError/userExists``, or 422 for a password that everybody knows.
    func register(_ request: RegisterRequest, from origin: RequestOrigin) async throws -> User {
        try users.checkStrength(of: request.password, field: "password", names: [request.email, request.username])
        let hash = try await passwords.hash(request.password)
        let new = UserRepository.NewUser(
            email: request.email, username: request.username, fullName: request.fullName, hashedPassword: hash)
        let now = Timestamp.now()
        return try await users.writing {
            try await database.withTransaction { transaction in
                let user = try await UserRepository.insert(new, now: now, in: transaction)
                try await AuditLog.record(
                    AuditEntry("user.register", by: user.id, on: "user", String(user.id)), from: origin, at: now, in: transaction)
                try await users.verification.enqueue(for: user, in: transaction)
                return user
            }
        }
    }

    func profile(of principal: Principal) async throws -> User {
        guard let user = try await UserRepository.find(id: principal.userID, in: database) else { throw APIError.invalidToken }
        return user
    }

    /// Changes one's own names, as `/users/{id}` does.
    /// - Throws: `APIError` ``APIError/userExists``.
    func update(_ changes: UserRepository.Changes, of principal: Principal, from origin: RequestOrigin) async throws -> User {
        guard !changes.isEmpty else { return try await profile(of: principal) }
        let access = UserAccess(principal: principal, isDirectoryOpen: false)
        do {
            return try await users.update(principal.userID, UpdateUserRequest(changes: changes), access, from: origin)
        } catch let error as APIError where error.code == APIError.userNotFound.code {
            // Deleted a moment ago.
            throw APIError.invalidToken
        }
    }

    /// Replaces one's password, and ends every other session.
    /// - Throws: `APIError` ``APIError/wrongPassword``, or 422 for a password that everybody knows.
    func changePassword(
        from current: Text, to new: Text, of principal: Principal, from origin: RequestOrigin
    ) async throws {
        let id = principal.userID
        guard let stored = try await UserRepository.credentials(id: id, in: database), let oldHash = stored.hashedPassword,
            try await passwords.verify(current, against: oldHash) != .wrong
        else { throw APIError.wrongPassword }
        try users.checkStrength(of: new, field: "new_password", names: [stored.user.email, stored.user.username])
        let newHash = try await passwords.hash(new)
        let now = Timestamp.now()
        try await users.writing(to: id, changesDirectory: false) {
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
        try await users.writing(to: id) {
            try await database.withTransaction { transaction in
                let admins = try await UserRepository.lockActiveAdmins(in: transaction)
                guard admins != [id] else { throw APIError.lastAdmin }
                guard try await UserRepository.delete(id: id, in: transaction) else { throw APIError.invalidToken }
                try await AuditLog.record(
                    AuditEntry("user.delete", by: id, on: "user", String(id)), from: origin, at: now, in: transaction)
            }
        }
    }
}
