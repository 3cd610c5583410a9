// Which addresses are mailed a token to verify them without anybody asking. A value of lets; its calls run on the loop that made it.

import Actors
import Reactor

/// Mails for addresses that are new.
struct VerificationMail: Sendable {
    let jobs: JobQueue
    /// Whether configuration wants them.
    let isWanted: Bool

    /// Queues a mail in the transaction that gives an account an address.
    func enqueue(for user: User, in transaction: any SQLExecutor) async throws(DatabaseError) {
        guard isWanted, user.emailVerifiedAt == nil else { return }
        try await jobs.enqueue(AccountMailJob.job(.emailVerification, user: user.id), in: transaction)
    }
}
