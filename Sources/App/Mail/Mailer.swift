// Mail, as the rest of the program sees it. Values and a protocol; any thread.

import Actors
import Reactor

/// A mail of plain text to one person.
struct MailMessage: Sendable, Hashable {
    /// One address.
    let to: Text
    let subject: String
    let text: Text
    /// What the Message-ID is made of. Mail is sent by jobs, and a job may be run twice: with the job's id here, whoever gets
    /// the mail twice can tell that it is one.
    let id: String

    init(to: Text, subject: String, text: Text, id: String = JobID().text) {
        self.to = to
        self.subject = subject
        self.text = text
        self.id = id
    }
}

/// The way out for mail.
protocol Mailer: Sendable {
    /// Hands a mail over. When it returns, somebody else answers for it: the next server, or the disk.
    ///
    /// At least once: a job that is run again sends again, under the same Message-ID.
    /// - Throws: `JobFailure`, since jobs send mail: permanent where another attempt cannot help. `CancellationError` when the
    ///   task was cancelled; whether the mail has left is then not known.
    func send(_ mail: MailMessage) async throws
}
