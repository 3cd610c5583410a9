// Proving an address by mail.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct EmailVerificationTests {
    private func verify(_ app: TestApp, _ token: String) async throws -> HTTPTestResponse {
        try await app.client.post("/auth/email/verify", json: ["token": .string(token)])
    }

    private func jobs(_ app: TestApp) async throws -> Int64 {
        try await app.services.database.execute(.read("SELECT count(*) FROM jobs"), [])[0].int(0)
    }

    @Test(arguments: TestSetup.all)
    func registeringSendsATokenThatVerifiesOnce(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { configuration in
            configuration.auth.verifiesEmail = true
            configuration.auth.publicURL = "https://app.example.com/front"
            configuration.appName = "Notes"
        } _: { app in
            let mailbox = Mailbox(app)
            let user = try await app.registered("ada")
            let mail = try #require(try await mailbox.receive().first)
            #expect(mail.to == "<ada@example.com>")
            #expect(mail.subject == "Verify your address for Notes")
            let token = try #require(mail.token)
            #expect(mail.text.contains("https://app.example.com/front/verify-email#token=\(token)\n"))
            #expect(mail.text.contains("24 hours"))
            try await #expect(user.get("/auth/me").json["email_verified_at"] == .null)

            try await #expect(verify(app, token).status == 200)
            let verified = try await user.get("/auth/me").json["email_verified_at"]?.string
            #expect(verified != nil)
            let again = try await verify(app, token)
            #expect(again.status == 400)
            #expect(again.code == "INVALID_ONE_TIME_TOKEN")
            try await #expect(user.get("/auth/me").json["email_verified_at"]?.string == verified)
            let entries = try await app.services.database.execute(
                .read("SELECT actor_id FROM audit_log WHERE action = 'user.email_verify'"), [])
            #expect(entries.count == 1)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func anotherMailCanBeAskedForUntilTheAddressIsVerified(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let mailbox = Mailbox(app)
            let user = try await app.registered("ada")
            // Off unless there is a mail server or somebody has asked for it.
            try await #expect(jobs(app) == 0)
            try await #expect(app.client.send("POST", "/auth/email/verify/request").status == 401)
            try await #expect(user.send("POST", "/auth/email/verify/request").status == 202)
            let older = try await mailbox.receiveToken()
            try await #expect(user.send("POST", "/api/v1/auth/email/verify/request/").status == 202)
            let newer = try await mailbox.receiveToken()
            try await #expect(verify(app, older).status == 400)
            try await #expect(verify(app, newer).status == 200)
            let refused = try await user.send("POST", "/auth/email/verify/request")
            #expect(refused.status == 409)
            #expect(refused.code == "EMAIL_ALREADY_VERIFIED")
            try await #expect(mailbox.receive().isEmpty)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func onlyTheAddressThatTheTokenWasMailedToIsVerified(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { configuration in
            configuration.auth.verifiesEmail = true
        } _: { app in
            let mailbox = Mailbox(app)
            let user = try await app.registered("ada")
            let old = try await mailbox.receiveToken()
            try await #expect(user.patch("/auth/me", json: ["email": "countess@example.com"]).status == 200)
            try await #expect(verify(app, old).status == 400)
            let mails = try await mailbox.receive()
            #expect(mails.map(\.to) == ["<countess@example.com>"])
            try await #expect(user.get("/auth/me").json["email_verified_at"] == .null)
            try await #expect(verify(app, try #require(mails.first?.token)).status == 200)
            // Names are no addresses: nothing is mailed for them.
            try await #expect(user.patch("/auth/me", json: ["name": "Ada"]).status == 200)
            try await #expect(mailbox.receive().isEmpty)
        }
    }

    /// `ı` is `I` in upper case and `ß` is `SS`, but these domains belong to other people.
    @Test(arguments: [("ada@g\u{131}thub.example", "ada@github.example"), ("ada@strasse.example", "ada@straße.example")])
    func addressesThatOnlyFoldToTheSameAreTwo(_ first: String, _ second: String) async throws {
        try await TestApp.run(on: TestSetup.overSockets[0]) { configuration in
            configuration.auth.verifiesEmail = true
        } _: { app in
            let mailbox = Mailbox(app)
            let user = try await app.registered("ada")
            _ = try await mailbox.receive()
            try await #expect(user.patch("/auth/me", json: ["email": .string(first)]).status == 200)
            let old = try await mailbox.receiveToken()
            try await #expect(user.patch("/auth/me", json: ["email": .string(second)]).status == 200)
            try await #expect(verify(app, old).status == 400)
            try await #expect(user.get("/auth/me").json["email_verified_at"] == .null)
            // The new one is asked about like any other.
            try await #expect(mailbox.receive().count == 1)
        }
    }

    /// Rows without credentials get none: anybody makes them, with anybody's address.
    @Test(arguments: TestSetup.overSockets)
    func everyNewAddressOfAnAccountIsMailedWhoeverGaveIt(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { configuration in
            configuration.auth.verifiesEmail = true
        } _: { app in
            let mailbox = Mailbox(app)
            let admin = try await app.admin()
            let made = try await admin.post(
                "/api/v1/users", json: ["email": "bob@example.com", "password": "password123", "role": "user"])
            let path = "/users/\(try #require(made.json["id"]?.integer))"
            let bob = try await app.loggedIn("bob@example.com", "password123")
            try await #expect(mailbox.receive().map(\.to) == ["<bob@example.com>"])
            for (client, target, email) in [(admin, path, "b1"), (bob, path, "b2"), (bob, "/auth/me", "b3")] {
                try await #expect(client.patch(target, json: ["email": .string("\(email)@example.com")]).status == 200)
                try await #expect(mailbox.receive().map(\.to) == ["<\(email)@example.com>"])
            }
            // The same address once more, whatever its case, is not a new one.
            try await #expect(bob.put(path, json: ["email": "B3@example.com", "name": "Bob"]).status == 200)
            let entry = try await app.client.post("/users", json: ["name": "Eve", "email": "eve@example.com"])
            let entryPath = "/users/\(try #require(entry.json["id"]?.integer))"
            try await #expect(app.client.patch(entryPath, json: ["email": "eva@example.com"]).status == 200)
            try await #expect(mailbox.receive().isEmpty)
            // With a password it is an account, and its address an account's.
            try await #expect(admin.patch(entryPath, json: ["password": "password123"]).status == 200)
            try await #expect(mailbox.receive().map(\.to) == ["<eva@example.com>"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func anInactiveUserVerifiesNothing(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { configuration in
            configuration.auth.verifiesEmail = true
        } _: { app in
            let mailbox = Mailbox(app)
            _ = try await app.registered("ada")
            let token = try await mailbox.receiveToken()
            _ = try await app.services.database.execute(.write("UPDATE users SET is_active = $1"), [.bool(false)])
            try await #expect(verify(app, token).status == 400)
            let rows = try await app.services.database.execute(.read("SELECT email_verified_at FROM users"), [])
            try #expect(rows[0].isNull(0))
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aRegistrationThatFailsQueuesNoMail(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { configuration in
            configuration.auth.verifiesEmail = true
        } _: { app in
            let user = try await app.registered("ada")
            _ = try await app.registered("bob")
            try await #expect(jobs(app) == 2)
            let taken = try await app.client.post("/auth/register", json: ["email": "ADA@example.com", "password": "password123"])
            #expect(taken.status == 409)
            try await #expect(user.patch("/auth/me", json: ["email": "bob@example.com"]).status == 409)
            try await #expect(jobs(app) == 2)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func ofManyMailsAskedForAtOnceOneTokenIsGood(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let mailbox = Mailbox(app)
            let user = try await app.registered("ada")
            for _ in 0..<4 { try await #expect(user.send("POST", "/auth/email/verify/request").status == 202) }
            let tokens = try await mailbox.receive().compactMap(\.token)
            #expect(Set(tokens).count == 4)
            let good = try await app.services.database.execute(
                .read("SELECT count(*) FROM one_time_tokens WHERE used_at IS NULL"), [])
            try #expect(good[0].int(0) == 1)
            var statuses: [Int] = []
            for token in tokens { statuses.append(try await verify(app, token).status) }
            #expect(statuses.filter { $0 == 200 }.count == 1)
        }
    }
}

@Suite struct AccountMailTests {
    private let mail = AccountMail(
        appName: "Notes", siteURL: "https://example.com", passwordResetLifetime: .seconds(60), emailVerificationLifetime: .seconds(5_400))

    @Test func sayForHowLongATokenIsGood() {
        let token = OneTimeToken.random()
        #expect(mail.message(.passwordReset, token, to: "ada@example.com", id: "x").text.contains("for 1 minute."))
        #expect(mail.message(.emailVerification, token, to: "ada@example.com", id: "x").text.contains("for 90 minutes."))
    }

    @Test(arguments: [
        ("https://app.example.com", "https://app.example.com"), ("https://app.example.com/", "https://app.example.com"),
        ("http://localhost:5173/front", "http://localhost:5173/front"), ("HTTPS://example.com", "HTTPS://example.com"),
    ])
    func linksLeadWhereTheSettingSays(_ text: String, _ expected: String) throws {
        try #expect(ConfigurationLoader(environment: ["PUBLIC_URL": text]).load().configuration.siteURL == expected)
    }

    @Test(arguments: [
        "example.com", "ftp://example.com", "https://", "https:///", "https://example.com?x=1", "https://example.com#x",
        "https://user:password@example.com", "https://exa mple.com", "https://example.com/\r\nBcc: x",
    ])
    func refusesWhatIsNoSite(_ text: String) {
        let error = #expect(throws: ConfigurationError.self) { try ConfigurationLoader(environment: ["PUBLIC_URL": text]).load() }
        #expect(error?.problems.map(\.variable) == ["PUBLIC_URL"])
    }

    @Test func withoutTheSettingLinksLeadToTheServer() {
        var configuration = AppConfiguration(for: .production)
        #expect(configuration.siteURL == "http://127.0.0.1:8000")
        configuration.server.host = "10.1.2.3"
        #expect(configuration.siteURL == "http://10.1.2.3:8000")
        configuration.server.host = "unix:/run/reactor.sock"
        #expect(configuration.siteURL == "http://localhost")
    }
}
