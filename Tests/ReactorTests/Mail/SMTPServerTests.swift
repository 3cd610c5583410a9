// SMTP URLs.

import Reactor
import Testing

@Suite struct SMTPServerTests {
    @Test func aURLIsTakenApart() throws {
        let server = try SMTPServer(url: "smtp://ada%40example.com:p%3Ass@word@mail.example.com:587")
        #expect(!server.isTLS)
        #expect(server.host == "mail.example.com")
        #expect(server.port == 587)
        #expect(server.user == "ada@example.com")
        #expect(server.password == "p:ss@word")
    }

    @Test func portsHaveDefaultsByScheme() throws {
        try #expect(SMTPServer(url: "smtp://localhost").port == 25)
        try #expect(SMTPServer(url: "SMTPS://localhost/").port == 465)
        try #expect(SMTPServer(url: "smtps://[::1]:2465").description == "smtps://[::1]:2465")
    }

    @Test func theDescriptionHidesThePassword() throws {
        let server = try SMTPServer(url: "smtp://ada:hunter2@localhost:2525")
        #expect(server.description == "smtp://ada:***@localhost:2525")
        try #expect(SMTPServer(url: "smtp://ada@localhost").description == "smtp://ada@localhost:25")
    }

    @Test(arguments: [
        "", "localhost", "http://localhost", "smtp:localhost", "smtp://", "smtp://:25", "smtp://host:", "smtp://host:0",
        "smtp://host:65536", "smtp://host:+1", "smtp://host:99999999999999999999", "smtp://ho st", "smtp://host/path", "smtp://[::1",
        "smtp://[::1]x", "smtp://u%zz:p@host", "smtp://u%0d%0aRSET:p@host", "smtp://u:p%0a@host", "smtp://:p@host", "smtp://host\r\n",
    ])
    func whatIsNoSMTPURLIsRefusedWithoutQuotingIt(_ url: String) {
        let error = #expect(throws: InvalidSMTPURL.self) { try SMTPServer(url: url) }
        #expect(error?.reason.contains("RSET") == false)
    }
}
