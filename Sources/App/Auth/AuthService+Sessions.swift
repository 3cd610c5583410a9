// Logging in, staying in, getting out.

import Actors
import FoundationEssentials
import Reactor

extension AuthService {
    // MARK: In

    /// Counts an attempt to log in. To be asked before ``logIn(_:password:from:)``, and to be obeyed.
    /// - Returns: nil where nothing is limited.
    func admitLogin(_ login: Text, from origin: RequestOrigin) async -> Allowance? {
        guard let rule = settings.loginRule else { return nil }
        // The address alone would lock out a whole office, the name alone would let anybody lock out its owner.
        // Folded further than a name is: a limit that two names share is no harm, one that other spellings pass by is.
        let key: Text = "\(login.foldedCase())|\(ClientAddress.limitKey(of: origin.clientAddress))"
        return Allowance(rule: rule, decision: await limiter.decide(rule, key: key))
    }

    /// Opens a session for whoever knows the password.
    /// - Parameter login: an address or a username.
    /// - Throws: `APIError` ``APIError/invalidCredentials``, the same and after the same time whether or not there is such a user;
    ///   ``APIError/inactiveUser``.
    func logIn(_ login: Text, password: Text, from origin: RequestOrigin) async throws -> TokenPair {
        let found = try await UserRepository.credentials(login: login, in: database)
        let verdict = try await passwords.verify(password, against: found?.hashedPassword)
        guard verdict != .wrong, let found, let hash = found.hashedPassword else { throw APIError.invalidCredentials }
        guard found.user.isActive else { throw APIError.inactiveUser }
        let verified = verdict == .rightButOutdated ? try await rehash(password, of: found.user, from: hash) : hash
        return try await openSession(for: found.user.id, verified: verified, from: origin)
    }

    /// Opens a session, if the user is still who was verified.
    ///
    /// Verifying takes its time, and a change of the password meanwhile ends only the sessions that there are: one that is opened
    /// afterwards with the old password would outlive it. So the row is asked again, and held until the session is committed.
    /// - Parameter hash: what the password was compared with.
    /// - Throws: `APIError` ``APIError/invalidCredentials`` where the hash is another one, or the user not active any more.
    func openSession(for id: Int64, verified hash: String, from origin: RequestOrigin) async throws -> TokenPair {
        let session = SessionID(rawValue: UUID().uuidString.lowercased())
        let refreshToken = RefreshToken.random()
        let now = Timestamp.now()
        let expiresAt = now + settings.refreshTokenLifetime
        let user = try await database.withTransaction { transaction in
            guard let current = try await UserRepository.lockCredentials(id: id, in: transaction), current.user.isActive,
                current.hashedPassword == hash
            else { throw APIError.invalidCredentials }
            try await SessionRepository.insert(session, user: id, from: origin, now: now, expiresAt: expiresAt, in: transaction)
            try await SessionRepository.insert(refreshToken, of: session, now: now, expiresAt: expiresAt, in: transaction)
            try await AuditLog.record(
                AuditEntry("session.create", by: id, on: "session", session.rawValue), from: origin, at: now, in: transaction)
            return current.user
        }
        return try pair(for: user, session, refreshToken, now: now)
    }

    /// Hashes anew at today's cost. To its owner the account has not changed, so neither has the time of its last change.
    /// - Returns: the hash that the password now has.
    /// - Throws: `APIError` ``APIError/invalidCredentials`` where it is not the password any more.
    private func rehash(_ password: Text, of user: User, from old: String) async throws -> String {
        let new = try await passwords.hash(password)
        let isReplaced = try await UserRepository.replacePassword(
            id: user.id, old: old, new: new, now: user.updatedAt, in: database)
        if isReplaced { return new }
        // Another login was faster with the same, or the password has changed.
        guard let current = try await UserRepository.credentials(id: user.id, in: database)?.hashedPassword,
            try await passwords.verify(password, against: current) != .wrong
        else { throw APIError.invalidCredentials }
        return current
    }

    private func pair(
        for user: User, _ session: SessionID, _ refreshToken: RefreshToken, now: Timestamp
    ) throws -> TokenPair {
        let accessToken = try tokens.issue(
            userID: user.id, username: user.displayName, role: user.role.rawValue, session: session, now: now)
        return TokenPair(accessToken: accessToken, refreshToken: refreshToken, lifetime: tokens.lifetime)
    }

    // MARK: On

    /// Exchanges a refresh token for a new pair.
    ///
    /// A token works once. Whoever brings a used one ends its session: one of the two who had it is a thief, and nobody can tell
    /// which. Of requests that overlap one wins, and the others are told the same. Those that looked at the token before the winner
    /// committed leave its session alone; one that looks a moment later ends it. So clients, a browser's tabs among them, refresh
    /// one at a time.
    /// - Throws: `APIError` ``APIError/invalidRefreshToken``, ``APIError/tokenReused``.
    func refresh(_ text: Text, from origin: RequestOrigin) async throws -> TokenPair {
        guard let token = RefreshToken(text), let stored = try await SessionRepository.find(token, in: database) else {
            throw APIError.invalidRefreshToken
        }
        let now = Timestamp.now()
        guard !stored.isUsed else {
            try await endStolenSession(stored, from: origin, now: now)
            throw APIError.tokenReused
        }
        guard !stored.isSessionEnded, stored.expiresAt > now else { throw APIError.invalidRefreshToken }
        let next = RefreshToken.random()
        let expiresAt = now + settings.refreshTokenLifetime
        let user = try await database.withTransaction { transaction in
            guard try await SessionRepository.spend(tokenID: stored.id, now: now, in: transaction) else {
                // Another request was faster, or ended the session, or the user is not active any more.
                let isUsed = try await SessionRepository.find(token, in: transaction)?.isUsed ?? false
                throw isUsed ? APIError.tokenReused : APIError.invalidRefreshToken
            }
            guard let user = try await UserRepository.find(id: stored.userID, in: transaction) else {
                throw APIError.invalidRefreshToken
            }
            try await SessionRepository.insert(next, of: stored.session, now: now, expiresAt: expiresAt, in: transaction)
            try await SessionRepository.extend(stored.session, now: now, expiresAt: expiresAt, in: transaction)
            return user
        }
        return try pair(for: user, stored.session, next, now: now)
    }

    private func endStolenSession(_ token: StoredRefreshToken, from origin: RequestOrigin, now: Timestamp) async throws {
        try await end(token.session, ofUser: token.userID, by: nil, action: "session.token_reused", from: origin, now: now)
    }

    // MARK: Out

    /// Ends the session that the principal came with.
    func logOut(_ principal: Principal, from origin: RequestOrigin) async throws {
        try await end(
            principal.sessionID, ofUser: principal.userID, by: principal.userID, action: "session.end", from: origin, now: .now())
    }

    /// A page of the principal's sessions, newest first.
    func activeSessions(of principal: Principal, _ page: PageRequest) async throws -> ListPage<LoginSession> {
        try await SessionRepository.activeSessions(ofUser: principal.userID, now: .now(), page, in: database)
    }

    /// Ends one of the principal's sessions.
    /// - Throws: `APIError` ``APIError/sessionNotFound`` where it has ended, or is not theirs.
    func endSession(_ id: SessionID, of principal: Principal, from origin: RequestOrigin) async throws {
        let wasActive = try await end(
            id, ofUser: principal.userID, by: principal.userID, action: "session.end", from: origin, now: .now())
        guard wasActive else { throw APIError.sessionNotFound }
    }

    /// Ends all of the principal's sessions, the one they came with among them.
    func endAllSessions(of principal: Principal, from origin: RequestOrigin) async throws {
        let id = principal.userID
        let now = Timestamp.now()
        try await users.writing(to: id, changesDirectory: false) {
            try await database.withTransaction { transaction in
                let ended = try await SessionRepository.endAll(ofUser: id, now: now, in: transaction)
                let entry = AuditEntry(
                    "session.end_all", by: id, on: "user", String(id), details: ["sessions_ended": .number(JSONNumber(ended))])
                try await AuditLog.record(entry, from: origin, at: now, in: transaction)
            }
        }
    }

    @discardableResult
    private func end(
        _ session: SessionID, ofUser user: Int64, by actor: Int64?, action: String, from origin: RequestOrigin, now: Timestamp
    ) async throws -> Bool {
        try await SettledWrite.run {
            try await database.withTransaction { transaction in
                guard try await SessionRepository.end(session, ofUser: user, now: now, in: transaction) else { return false }
                try await AuditLog.record(
                    AuditEntry(action, by: actor, on: "session", session.rawValue), from: origin, at: now, in: transaction)
                return true
            }
        } forgetting: {
            await sessions.revoke(session: session)
        }
    }
}
