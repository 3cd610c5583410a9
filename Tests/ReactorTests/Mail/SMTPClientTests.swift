// libcurl against a server on a real socket.

import Reactor
import TestSupport
import Testing

@Suite struct SMTPClientTests {
    private static let mail = Array("Subject: hello\r\n\r\nFirst line\r\n.\r\n.. and more\r\n".utf8)

    @Test func aMailArrivesAsItWasSent() async throws {
        try await withServer { server, client in
            try await client.send(Self.mail, from: "from@example.com", to: "to@example.com")
            #expect(server.mails == ["Subject: hello\n\nFirst line\n..\n... and more"])
            #expect(server.commands.contains { $0.hasPrefix("MAIL FROM:<from@example.com>") && $0.contains("SIZE=\(Self.mail.count)") })
            #expect(server.commands.contains("RCPT TO:<to@example.com>"))
        }
    }

    @Test(arguments: [
        ("MAIL", "550 no", true), ("RCPT", "553 no such user", true), ("RCPT", "450 mailbox busy", false), ("DATA", "554 no", true),
        (".", "552 too much", true), (".", "451 not now", false), ("MAIL", "421 closing", false), ("greeting", "554 go away", false),
        // What the operator has to mend: the mail is as good as any.
        ("MAIL", "530 must issue STARTTLS first", false), ("MAIL", "530 authentication required", false), ("RCPT", "530 log in", false),
        ("MAIL", "534 too weak", false), ("MAIL", "535 wrong", false), ("MAIL", "538 encryption required", false),
    ])
    func aRefusalIsPermanentFrom500On(_ command: String, _ reply: String, _ isPermanent: Bool) async throws {
        try await withServer { server, client in
            server.script = { $0.hasPrefix(command) ? reply : nil }
            let error = await #expect(throws: SMTPError.self) {
                try await client.send(Self.mail, from: "from@example.com", to: "to@example.com")
            }
            #expect(error?.isPermanent == isPermanent, "\(String(describing: error))")
            #expect(error?.reason.contains("such user") == false)
        }
    }

    @Test func aLoginThatIsRefusedCanBeMended() async throws {
        try await withServer(credentials: "ada:hunter2@") { server, client in
            server.script = { command in
                if command.hasPrefix("EHLO") { return "250-test\r\n250 AUTH PLAIN" }
                return command.hasPrefix("AUTH") ? "535 wrong" : nil
            }
            let error = await #expect(throws: SMTPError.self) {
                try await client.send(Self.mail, from: "from@example.com", to: "to@example.com")
            }
            #expect(error?.isPermanent == false)
            #expect(error?.reason.contains("hunter2") == false)
        }
    }

    @Test func nobodyListeningIsTemporary() async throws {
        try await withLoop { isolation in
            let address = try ScriptedRedis.closedPort(loop: isolation.loop)
            let client = SMTPClient(loop: isolation.loop, server: try SMTPServer(url: "smtp://\(address)"))
            let error = await #expect(throws: SMTPError.self) {
                try await client.send(Self.mail, from: "from@example.com", to: "to@example.com")
            }
            #expect(error?.isPermanent == false)
        }
    }

    @Test func aServerThatSaysNothingCostsTheTimeoutAndNoMore() async throws {
        try await withServer(timeout: .milliseconds(300)) { server, client in
            server.script = { _ in "" }
            let begin = MonotonicInstant.now()
            let error = await #expect(throws: SMTPError.self) {
                try await client.send(Self.mail, from: "from@example.com", to: "to@example.com")
            }
            #expect(error?.isPermanent == false)
            #expect(MonotonicInstant.now() - begin < .seconds(3))
        }
    }

    @Test func cancellingEndsAConversation() async throws {
        try await withServer { server, client in
            server.script = { $0.hasPrefix("DATA") ? "" : nil }
            let sending = Task(executorPreference: client.loop) {
                try await client.send(Self.mail, from: "from@example.com", to: "to@example.com")
            }
            try await #expect(eventually(on: client.loop) { server.commands.contains("DATA") })
            let begin = MonotonicInstant.now()
            sending.cancel()
            await #expect(throws: CancellationError.self) { try await sending.value }
            #expect(MonotonicInstant.now() - begin < .seconds(3))
        }
    }

    @Test func noMoreThanTwoConversationsAreHeldAtOnceAndOneThatWaitsCanBeCancelled() async throws {
        try await withServer { server, client in
            let mail = Self.mail
            let sending = (0..<6).map { _ in
                Task(executorPreference: client.loop) { try await client.send(mail, from: "from@example.com", to: "to@example.com") }
            }
            sending[5].cancel()
            for task in sending.prefix(5) { try await task.value }
            _ = await sending[5].result
            #expect(server.mostOpen <= 2)
            #expect((5...6).contains(server.mails.count))
        }
    }

    @Test(arguments: ["to@example.com>\r\nRCPT TO:<other@example.com", "a b@example.com", "<to@example.com>", ""])
    func anAddressThatCouldEndItsCommandIsNotSent(_ address: String) async throws {
        try await withServer { server, client in
            let error = await #expect(throws: SMTPError.self) {
                try await client.send(Self.mail, from: "from@example.com", to: Text(address))
            }
            #expect(error?.isPermanent == true)
            #expect(server.commands.isEmpty)
        }
    }

    @Test func tlsThatIsRequiredAndNotOfferedFails() async throws {
        try await withServer(startTLS: .required) { server, client in
            let error = await #expect(throws: SMTPError.self) {
                try await client.send(Self.mail, from: "from@example.com", to: "to@example.com")
            }
            #expect(error?.isPermanent == false)
            #expect(server.mails.isEmpty)
        }
    }
}

private func withServer(
    credentials: String = "", timeout: Duration = .seconds(20), startTLS: SMTPServer.StartTLS = .opportunistic,
    _ body: @escaping @Sendable (ScriptedSMTP, SMTPClient) async throws -> Void
) async throws {
    try await withLoop { isolation in
        let server = try ScriptedSMTP(loop: isolation.loop)
        defer { server.close() }
        var settings = try SMTPServer(url: "smtp://\(credentials)\(server.address)")
        settings.timeout = timeout
        settings.startTLS = startTLS
        try await body(server, SMTPClient(loop: isolation.loop, server: settings))
    }
}
