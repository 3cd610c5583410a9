// Mail to a mail server. A value of lets; its conversations run on the blocking pool.

import Actors
import Reactor

/// Sends mails on through the server that `SMTP_URL` names.
struct SMTPMailer: Mailer {
    let client: SMTPClient
    let sender: MailSender

    func send(_ mail: MailMessage) async throws {
        let message = try MIMEMessage(mail, from: sender, at: .now())
        do {
            try await client.send(message.bytes, from: sender.address, to: mail.to)
        } catch let error as SMTPError {
            throw JobFailure(error.reason, isPermanent: error.isPermanent)
        }
    }
}
