// The jobs that mail tokens. What is queued is whom to write to; the token is made when the mail is, so that it stands in the mail
// and nowhere else: the database has its hash. A value of lets; runs on the worker's loop.

import Actors
import Reactor

/// Makes a token for a user and mails it to them.
struct AccountMailJob: Sendable {
    let database: DatabasePool
    let mailer: any Mailer
    let mail: AccountMail

    static func kind(_ purpose: OneTimeTokenPurpose) -> String { "\(purpose.rawValue)_mail" }

    /// - Parameter user: nil for nobody: a job that does nothing, so that whoever asked for a mail cannot tell by the time it took
    ///   whether there is an account.
    static func job(_ purpose: OneTimeTokenPurpose, user: Int64?) -> NewJob {
        let payload: JSONValue = ["user_id": user.map { .number(JSONNumber($0)) } ?? .null]
        // Nobody's: whoever is logged in must not see in their list of jobs that somebody asked for a reset.
        return NewJob(kind: kind(purpose), payload: Text(decoding: payload.serialized))
    }

    func handler(_ purpose: OneTimeTokenPurpose) -> JobHandler {
        { context in
            try await send(purpose, context.job)
            return JobOutcome()
        }
    }

    private func send(_ purpose: OneTimeTokenPurpose, _ job: ClaimedJob) async throws {
        guard let payload = try? JSONParser.parse(Array(job.payload.utf8)), let user = payload["user_id"] else {
            throw JobFailure("the payload names no user", isPermanent: true)
        }
        guard case .number(let number) = user, case .value(let id) = number.whole else { return }
        let token = OneTimeToken.random()
        // Committed before the mail leaves: whoever opens it at once must find the token. One that is never mailed harms nobody.
        guard let address = try await store(token, purpose, for: Int64(id)) else { return }
        // The run is part of the name: another run mails another token, and no mail program may take that for the same mail.
        try await mailer.send(mail.message(purpose, token, to: address, id: "\(job.id)-\(job.attempts)"))
    }

    /// Stores the token; the older ones for the same purpose are worth nothing any more.
    /// - Returns: where to mail it; nil where the user is gone, may not have it, or needs it no more.
    private func store(_ token: OneTimeToken, _ purpose: OneTimeTokenPurpose, for id: Int64) async throws -> Text? {
        let now = Timestamp.now()
        let expiresAt = now + mail.lifetime(of: purpose)
        return try await database.withTransaction { transaction in
            guard let found = try await UserRepository.lockForUpdate(id: id, in: transaction), found.user.isActive,
                AccountMailJob.isNeeded(purpose, by: found)
            else { return nil }
            try await OneTimeTokenRepository.invalidate(purpose, ofUser: id, now: now, in: transaction)
            try await OneTimeTokenRepository.insert(
                token, purpose, user: id, email: found.user.email, now: now, expiresAt: expiresAt, in: transaction)
            return found.user.email
        }
    }

    private static func isNeeded(_ purpose: OneTimeTokenPurpose, by found: UserRepository.Credentials) -> Bool {
        switch purpose {
        // A row without credentials is no account: nobody logs in with it, and a mail must not change that.
        case .passwordReset: found.hashedPassword != nil
        case .emailVerification: found.user.emailVerifiedAt == nil
        }
    }
}

extension AccountMailJob {
    /// - Parameter services: of the worker's loop.
    init(_ services: Services) {
        let auth = services.configuration.auth
        self.init(
            database: services.database, mailer: services.mailer,
            mail: AccountMail(
                appName: services.configuration.appName, siteURL: services.configuration.siteURL,
                passwordResetLifetime: auth.passwordResetLifetime, emailVerificationLifetime: auth.emailVerificationLifetime))
    }
}

extension AppConfiguration {
    /// Whether registering sends a mail. Without a mail server nobody expects one: it would lie in the outbox.
    var sendsVerificationMails: Bool { auth.verifiesEmail ?? (mail.url != nil) }

    /// Where the links in mails lead.
    var siteURL: String {
        if let publicURL = auth.publicURL { return publicURL }
        let address = httpServer.address
        if case .unix = address { return "http://localhost" }
        return ServerURL.text(address, isTLS: server.tls.isOn)
    }
}
