// The ways out for mail, and the settings that decide on one.

import Actors
@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct MailerTests {
    private static let mail = MailMessage(to: "ada@example.com", subject: "Welcome", text: "Hello", id: "0190-abc")

    @Test func aMailIsPutIntoTheOutboxOnceHoweverOftenItIsSent() async throws {
        try await withTemporaryFolder { folder in
            try await withLoop { isolation in
                let mailer = OutboxMailer(
                    loop: isolation.loop, directory: "\(folder)/outbox", sender: MailSender(name: "R", address: "r@example.com"))
                try await mailer.send(Self.mail)
                try await mailer.send(Self.mail)
                let files = try DurableFile.list("\(folder)/outbox").map(\.name)
                #expect(files == ["0190-abc.eml"])
                let reader = try FileReader(path: "\(folder)/outbox/0190-abc.eml")
                let text = String(decoding: try reader.read(offset: 0, count: 10_000), as: UTF8.self)
                #expect(text.contains("To: <ada@example.com>\r\n"))
                #expect(text.hasSuffix("\r\n\r\nHello\r\n"))
            }
        }
    }

    @Test func anOutboxThatCannotBeWrittenIsTriedAgain() async throws {
        try await withLoop { isolation in
            let mailer = OutboxMailer(
                loop: isolation.loop, directory: "/dev/null/outbox", sender: MailSender(name: "R", address: "r@example.com"))
            let failure = await #expect(throws: JobFailure.self) { try await mailer.send(Self.mail) }
            #expect(failure?.isPermanent == false)
        }
    }

    @Test func whatTheServerRefusesForGoodIsAPermanentFailure() async throws {
        try await withLoop { isolation in
            let server = try ScriptedSMTP(loop: isolation.loop)
            defer { server.close() }
            let client = SMTPClient(loop: isolation.loop, server: try SMTPServer(url: "smtp://\(server.address)"))
            let mailer = SMTPMailer(client: client, sender: MailSender(name: "R", address: "r@example.com"))
            try await mailer.send(Self.mail)
            #expect(server.mails.count == 1)
            #expect(server.mails[0].contains("Message-ID: <0190-abc@example.com>"))
            for (reply, isPermanent) in [("550 no", true), ("450 later", false)] {
                server.script = { $0.hasPrefix("RCPT") ? reply : nil }
                let failure = await #expect(throws: JobFailure.self) { try await mailer.send(Self.mail) }
                #expect(failure?.isPermanent == isPermanent)
            }
        }
    }

    @Test func theMailServersPasswordIsShownNowhere() throws {
        let loaded = try ConfigurationLoader(
            flags: [:], environment: ["SMTP_URL": "smtp://ada:hunter2@mail.example.com:587", "MAIL_FROM": "hi@Example.COM"], file: [:]
        ).load()
        let configuration = loaded.configuration
        #expect(configuration.mail.from == "hi@example.com")
        #expect(try configuration.mailServer?.password == "hunter2")
        for setting in Settings.all { #expect(!setting.display(configuration).contains("hunter2")) }
        #expect(Settings.all.first { $0.name == "SMTP_URL" }?.display(configuration) == "smtp://ada:***@mail.example.com:587")
    }

    @Test(arguments: [
        ["SMTP_URL": "http://secret@host"], ["MAIL_FROM": "nobody"], ["MAIL_FROM": "a@example.com\r\nBcc: b@example.com"],
        ["SMTP_STARTTLS": "perhaps"], ["JOB_MAINTENANCE_CRON": "sometimes"],
    ])
    func settingsThatMakeNoSenseAreRefused(_ environment: [String: String]) {
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationLoader(flags: [:], environment: environment, file: [:]).load()
        }
        #expect(error.map { "\($0)".contains("secret@") } == false)
    }
}
