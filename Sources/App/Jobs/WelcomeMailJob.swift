// The job that writes to somebody who is new. Stateless; runs on the worker's loop.

import Actors
import Reactor

/// Mails a user a welcome. The job knows the user's id alone: whoever reads the table of jobs learns no address.
enum WelcomeMailJob {
    static let kind = "welcome_email"

    static func job(for user: Int64) -> NewJob {
        let payload: JSONValue = ["user_id": .number(JSONNumber(user))]
        return NewJob(kind: kind, payload: Text(decoding: payload.serialized), ownerID: user)
    }

    static func handler(_ services: Services) -> JobHandler {
        let (database, mailer, appName) = (services.database, services.mailer, services.configuration.appName)
        return { context in
            let id = context.job.id
            let user = try await recipient(of: context.job, in: database)
            try await mailer.send(
                MailMessage(
                    to: user.email, subject: "Welcome to \(appName)", text: text(for: user, appName: appName), id: id.text))
            // The mail may leave twice, where a worker ends between it and this; that it was sent is written down once.
            return JobOutcome(result: "Welcome email sent") { transaction in
                try await AuditLog.record(
                    AuditEntry("user.welcome_email", by: user.id, on: "user", String(user.id), details: ["job_id": .string(id.text)]),
                    from: RequestOrigin(clientAddress: "worker", requestID: id.text), at: .now(), in: transaction)
            }
        }
    }

    private static func recipient(of job: ClaimedJob, in database: DatabasePool) async throws -> User {
        guard case .number(let number)? = (try? JSONParser.parse(Array(job.payload.utf8)))?["user_id"], case .value(let id) = number.whole
        else { throw JobFailure("the job names no user", isPermanent: true) }
        guard let user = try await UserRepository.find(id: Int64(id), in: database) else {
            throw JobFailure("the user is gone", isPermanent: true)
        }
        return user
    }

    private static func text(for user: User, appName: String) -> Text {
        """
        Hello \(user.fullName ?? user.name ?? user.displayName),

        welcome to \(appName). Your account is ready: log in with \(user.displayName).
        """
    }
}
