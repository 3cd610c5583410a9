// A mail as it is sent (RFC 5322 with MIME): header fields and a text of UTF-8 in quoted-printable, lines ended by CRLF. Pure.

import Actors
import Reactor

/// Writes mails. What comes from people can break out of no header field: addresses are checked, subjects have no control characters.
struct MIMEMessage: Sendable {
    let bytes: [UInt8]

    /// - Throws: `JobFailure`, permanent: for an address that is none, and for a subject with line breaks.
    init(_ mail: MailMessage, from sender: MailSender, at now: Timestamp) throws(JobFailure) {
        guard case .success = EmailAddress.parse(mail.to) else {
            throw JobFailure("the recipient's address is not valid", isPermanent: true)
        }
        // TEXT: an address, and so at most 254 bytes; it is copied into a line.
        let recipient = mail.to.swiftString
        guard !(mail.subject + sender.name).unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw JobFailure("the subject has control characters", isPermanent: true)
        }
        guard !mail.id.isEmpty, mail.id.utf8.allSatisfy(MIMEMessage.isAtomCharacter) else {
            throw JobFailure("the message's id is not valid", isPermanent: true)
        }
        var lines = [
            "Date: \(MailDate.text(now))",
            "From: \(EncodedWords.text(sender.name, quoted: true, column: 6)) <\(sender.address)>",
            "To: <" + recipient + ">",
            "Message-ID: <\(mail.id)@\(sender.domain)>",
            "Subject: \(EncodedWords.text(mail.subject, quoted: false, column: 9))",
            // RFC 3834 5: holiday notices are not sent in answer to this.
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
            "",
        ]
        lines.append(QuotedPrintable.text(mail.text))
        bytes = Array(lines.joined(separator: "\r\n").utf8)
    }

    private static func isAtomCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
