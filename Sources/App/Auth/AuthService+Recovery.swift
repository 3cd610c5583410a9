// Getting back in without the password, and proving an address: by tokens that are mailed.

import Actors
import Reactor

extension AuthService {
    // MARK: Asking for a mail

    /// Counts a mail that somebody asks for. To be asked before the use cases below, and to be obeyed.
    /// - Returns: nil where nothing is limited.
    func admitMail(to email: Text, from origin: RequestOrigin) async -> Allowance? {
        guard let rule = settings.mailRule else { return nil }
        // Folded further than an address is: a limit that two addresses share is no harm, one that other spellings pass by is.
        let key: Text = "\(email.foldedCase())|\(ClientAddress.limitKey(of: origin.clientAddress))"
        return Allowance(rule: rule, decision: await limiter.decide(rule, key: key))
    }

    /// Queues a mail with which to reset the password, where there is an account of that address to be reset. Where there is none,
    /// as much happens, and the caller learns nothing.
    func requestPasswordReset(of email: Text) async throws {
        let found = try await UserRepository.credentials(login: email, in: database)
        let user = found.flatMap { $0.user.isActive && $0.hashedPassword != nil ? $0.user.id : nil }
        try await jobs.enqueue(AccountMailJob.job(.passwordReset, user: user), in: database)
    }

    /// Queues a mail with which the principal verifies their address.
    /// - Throws: `APIError` ``APIError/emailAlreadyVerified``.
    func requestEmailVerification(of principal: Principal) async throws {
        guard try await profile(of: principal).emailVerifiedAt == nil else { throw APIError.emailAlreadyVerified }
        try await jobs.enqueue(AccountMailJob.job(.emailVerification, user: principal.userID), in: database)
    }

    // MARK: Using the token

    /// Replaces the password of whom a token was mailed to, and ends all of their sessions.
    /// - Throws: `APIError` ``APIError/invalidOneTimeToken``, or 422 for a password that everybody knows: the token then still works.
    func resetPassword(with text: Text, to password: Text, from origin: RequestOrigin) async throws {
        // Looked at first: a hash costs what no made-up token shall cost us.
        guard let token = OneTimeToken(text),
            let held = try await OneTimeTokenRepository.find(token, .passwordReset, now: .now(), in: database),
            let user = try await UserRepository.find(id: held.userID, in: database)
        else { throw APIError.invalidOneTimeToken }
        try users.checkStrength(of: password, field: "new_password", names: [user.email, user.username])
        let hash = try await passwords.hash(password)
        let id = user.id
        let now = Timestamp.now()
        try await users.writing(to: id, changesDirectory: false) {
            try await database.withTransaction { transaction in
                try await redeem(token, .passwordReset, of: id, now: now, in: transaction)
                try await UserRepository.resetPassword(id: id, hashedPassword: hash, now: now, in: transaction)
                let ended = try await SessionRepository.endAll(ofUser: id, now: now, in: transaction)
                let entry = AuditEntry(
                    "user.password_reset", by: id, on: "user", String(id), details: ["sessions_ended": .number(JSONNumber(ended))])
                try await AuditLog.record(entry, from: origin, at: now, in: transaction)
            }
        }
    }

    /// Marks the address verified that a token was mailed to, if it still is the user's.
    /// - Throws: `APIError` ``APIError/invalidOneTimeToken``.
    func verifyEmail(with text: Text, from origin: RequestOrigin) async throws {
        guard let token = OneTimeToken(text),
            let held = try await OneTimeTokenRepository.find(token, .emailVerification, now: .now(), in: database)
        else { throw APIError.invalidOneTimeToken }
        let id = held.userID
        let now = Timestamp.now()
        try await database.withTransaction { transaction in
            try await redeem(token, .emailVerification, of: id, now: now, in: transaction)
            try await UserRepository.markEmailVerified(id: id, now: now, in: transaction)
            try await AuditLog.record(
                AuditEntry("user.email_verify", by: id, on: "user", String(id)), from: origin, at: now, in: transaction)
        }
    }

    /// Uses a token up, and the others for the same purpose with it.
    ///
    /// The user's row is locked before the token's, here as where tokens are made: two transactions that took them in different
    /// orders would wait for each other.
    private func redeem(
        _ token: OneTimeToken, _ purpose: OneTimeTokenPurpose, of id: Int64, now: Timestamp, in transaction: any SQLExecutor
    ) async throws {
        guard let user = try await UserRepository.lockForUpdate(id: id, in: transaction)?.user, user.isActive,
            let redeemed = try await OneTimeTokenRepository.redeem(token, purpose, now: now, in: transaction),
            redeemed.userID == id, redeemed.email.lowercasedASCII() == user.email.lowercasedASCII()
        else { throw APIError.invalidOneTimeToken }
        try await OneTimeTokenRepository.invalidate(purpose, ofUser: id, now: now, in: transaction)
    }
}
