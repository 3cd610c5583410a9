// Mails as they are sent.

import Actors
@testable import App
import Reactor
import Testing

@Suite struct MIMEMessageTests {
    private static let sender = MailSender(name: "Reactor", address: "noreply@example.com")
    private static let now = Timestamp(seconds: 1_893_553_445)  // 2030-01-02T03:04:05Z

    private func text(_ mail: MailMessage, from sender: MailSender = sender) throws -> String {
        String(decoding: try MIMEMessage(mail, from: sender, at: Self.now).bytes, as: UTF8.self)
    }

    @Test func aPlainMailLooksAsRFC5322HasIt() throws {
        let mail = MailMessage(to: "ada@example.com", subject: "Welcome", text: "Hello,\nyou.", id: "0190-abc")
        #expect(
            try text(mail)
                == """
                Date: Wed, 02 Jan 2030 03:04:05 +0000
                From: "Reactor" <noreply@example.com>
                To: <ada@example.com>
                Message-ID: <0190-abc@example.com>
                Subject: Welcome
                Auto-Submitted: auto-generated
                MIME-Version: 1.0
                Content-Type: text/plain; charset=utf-8
                Content-Transfer-Encoding: quoted-printable

                Hello,
                you.

                """.replacing("\n", with: "\r\n"))
    }

    @Test func aSubjectBeyondASCIIIsEncodedInWordsThatFitTheirLines() throws {
        let subject = String(repeating: "Grüße 🦊 ", count: 12)
        let message = try text(MailMessage(to: "ada@example.com", subject: subject, text: ""))
        let header = message.split(separator: "\r\n\r\n", maxSplits: 1)[0]
        for line in header.split(separator: "\r\n") { #expect(line.utf8.count <= 78, "\(line)") }
        #expect(header.utf8.allSatisfy { $0 < 0x80 })
        #expect(header.contains("Subject: =?utf-8?B?R3LDvMOfZSDwn6aK"))
    }

    @Test func whatLooksLikeAnEncodedWordIsEncoded() throws {
        #expect(EncodedWords.text("=?utf-8?B?aGk=?=", quoted: false, column: 9).contains("=?utf-8?B?PT91dGYtOD9CP2FHaz0/PQ==?="))
        #expect(EncodedWords.text("A \"B\" \\ C", quoted: true, column: 6) == #""A \"B\" \\ C""#)
    }

    @Test func linesAreQuotedAndFolded() throws {
        #expect(QuotedPrintable.text("a=b") == "a=3Db\r\n")
        #expect(QuotedPrintable.text("é \n\tx\t") == "=C3=A9=20\r\n\tx=09\r\n")
        #expect(QuotedPrintable.text("one\r\ntwo\rthree") == "one\r\ntwo\r\nthree\r\n")
        let long = QuotedPrintable.text(Text(String(repeating: "ü", count: 100)))
        for line in long.split(separator: "\r\n") { #expect(line.utf8.count <= 76) }
        #expect(long.replacing("=\r\n", with: "") == String(repeating: "=C3=BC", count: 100) + "\r\n")
    }

    @Test(arguments: [
        "ada@example.com\r\nBcc: all@example.com", "ada@example.com\nBcc: x", "ada@example.com, eve@example.com", "ada", "",
        "<ada@example.com>",
    ])
    func anAddressCannotBreakOutOfItsField(_ address: String) {
        let error = #expect(throws: JobFailure.self) { try text(MailMessage(to: Text(address), subject: "s", text: "t")) }
        #expect(error?.isPermanent == true)
    }

    @Test(arguments: ["s\r\nBcc: all@example.com", "s\nx", "s\rx", "s\u{0}", "\u{7F}"])
    func aSubjectCannotBreakOutOfItsField(_ subject: String) {
        let error = #expect(throws: JobFailure.self) { try text(MailMessage(to: "ada@example.com", subject: subject, text: "t")) }
        #expect(error?.isPermanent == true)
    }

    @Test(arguments: ["a\r\nb", "a b", "a>b", "", "é"])
    func anIDCannotBreakOutOfItsField(_ id: String) {
        #expect(throws: JobFailure.self) { try text(MailMessage(to: "ada@example.com", subject: "s", text: "t", id: id)) }
    }

    @Test func datesAreThoseOfTheCalendar() {
        #expect(MailDate.text(Timestamp(seconds: 0)) == "Thu, 01 Jan 1970 00:00:00 +0000")
        #expect(MailDate.text(Timestamp(seconds: 951_782_400)) == "Tue, 29 Feb 2000 00:00:00 +0000")
    }
}
