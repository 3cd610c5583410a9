// Mail without a mail server: files in a folder, for development and for somebody else to pick up. A value of lets; writes on the
// blocking pool.

import Actors
import Reactor

/// Puts mails into `outbox/ID.eml`, each wholly there and on the disk or not at all.
struct OutboxMailer: Mailer {
    let loop: EventLoop
    /// Made when the first mail is written.
    let directory: String
    let sender: MailSender

    func send(_ mail: MailMessage) async throws {
        let message = try MIMEMessage(mail, from: sender, at: .now())
        let directory = self.directory
        do {
            try await loop.runBlocking {
                try DurableFile.createDirectory(directory)
                // A name of its own while it is written: of two workers that write one mail neither meets the other's file, nor
                // what a killed one has left. The mail's own name then has one file, however often its job is run.
                let writer = try DurableFileWriter(directory: directory, name: "\(mail.id)-\(JobID())")
                try writer.write(message.bytes)
                try writer.commit(as: "\(mail.id).eml")
            }
        } catch let error as FileError {
            throw JobFailure("the outbox cannot be written: \(error)")
        }
    }
}
