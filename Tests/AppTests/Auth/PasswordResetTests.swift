// Getting back in by mail.

import Actors
import Logging
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct PasswordResetTests {
    private static let newPassword = "a better password"

    private func forgot(_ app: TestApp, _ email: String) async throws -> HTTPTestResponse {
        try await app.client.post("/auth/password/forgot", json: ["email": .string(email)])
    }

    private func reset(_ app: TestApp, _ token: String, _ password: String = newPassword) async throws -> HTTPTestResponse {
        try await app.client.post("/auth/password/reset", json: ["token": .string(token), "new_password": .string(password)])
    }

    private func logIn(_ app: TestApp, _ password: String) async throws -> Int {
        try await app.client.post(
            "/auth/login", json: ["username": "ada@example.com", "password": .string(password)]
        ).status
    }

    private func change(_ app: TestApp, _ sql: String, _ bindings: SQLValue...) async throws {
        _ = try await app.services.database.execute(.write(sql), bindings)
    }

    private func count(_ app: TestApp, _ table: String) async throws -> Int64 {
        try await app.services.database.execute(.read("SELECT count(*) FROM \(table)"), [])[0].int(0)
    }

    @Test(arguments: TestSetup.all)
    func aMailedTokenReplacesThePasswordOnceAndEndsAllSessions(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let mailbox = Mailbox(app)
            let here = try await app.registered("ada")
            let elsewhere = try await app.loggedIn("ada@example.com", TestApp.password)
            let stranger = try await app.registered("bob")
            let asked = try await forgot(app, "ADA@example.com")
            #expect(asked.status == 202)
            #expect(asked.header("Cache-Control") == "no-store")
            let mails = try await mailbox.receive()
            #expect(mails.map(\.to) == ["<ada@example.com>"])
            let token = try #require(mails.first?.token)
            #expect(mails.first?.text.contains("http://127.0.0.1:0/reset-password#token=\(token)\n") == true)
            #expect(mails.first?.text.contains("30 minutes") == true)
            try await #expect(here.get("/auth/me").status == 200)

            try await #expect(reset(app, token).status == 200)
            for client in [here, elsewhere] { try await #expect(client.get("/auth/me").status == 401) }
            try await #expect(stranger.get("/auth/me").status == 200)
            try await #expect(logIn(app, TestApp.password) == 401)
            let now = try await app.loggedIn("ada@example.com", Self.newPassword).get("/auth/me")
            // Whoever could read the mail has the address.
            #expect(now.json["email_verified_at"]?.string != nil)

            let again = try await reset(app, token, "yet another password")
            #expect(again.status == 400)
            #expect(again.code == "INVALID_ONE_TIME_TOKEN")
            try await #expect(logIn(app, Self.newPassword) == 200)
            let entry = try await app.services.database.execute(
                .read("SELECT details FROM audit_log WHERE action = 'user.password_reset'"), [])
            #expect(entry.count == 1)
            try #expect(entry[0].string(0) == "{\"sessions_ended\":2}")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func theAnswerTellsNothingAboutTheAddressAndTheWorkNeither(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let mailbox = Mailbox(app)
            _ = try await app.registered("ada")
            _ = try await app.registered("sleeper")
            try await change(app, "UPDATE users SET is_active = $1 WHERE email = 'sleeper@example.com'", .bool(false))
            // Of the open directory: nobody can log in as one.
            try await change(app, "INSERT INTO users (email) VALUES ('bare@example.com')")
            var bodies: Set<JSONObject> = []
            for (index, name) in ["ada", "sleeper", "bare", "nobody"].enumerated() {
                let answer = try await forgot(app, "\(name)@example.com")
                #expect(answer.status == 202)
                bodies.insert(try #require(answer.bodyWithoutRequestID))
                try await #expect(count(app, "jobs") == Int64(index + 1))
            }
            #expect(bodies.count == 1)
            try await #expect(mailbox.receive().map(\.to) == ["<ada@example.com>"])
            try await #expect(count(app, "one_time_tokens") == 1)
            try await #expect(forgot(app, "no address").faults == ["value_error at body.email"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aNewTokenMakesTheOlderOnesWorthless(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let mailbox = Mailbox(app)
            _ = try await app.registered("ada")
            _ = try await forgot(app, "ada@example.com")
            let older = try await mailbox.receiveToken()
            _ = try await forgot(app, "ada@example.com")
            let newer = try await mailbox.receiveToken()
            #expect(older != newer)
            try await #expect(reset(app, older).status == 400)
            try await #expect(reset(app, newer).status == 200)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func ofTwoResetsAtOnceWithOneTokenOneWins(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let mailbox = Mailbox(app)
            _ = try await app.registered("ada")
            _ = try await forgot(app, "ada@example.com")
            let token = try await mailbox.receiveToken()
            let auth = app.services.auth
            let outcomes = try await withThrowingTaskGroup(of: String?.self) { group in
                for index in 0..<4 {
                    group.addTask(executorPreference: app.loop) {
                        do {
                            try await auth.resetPassword(
                                with: Text(token), to: "password number \(index)",
                                from: RequestOrigin(clientAddress: "test", requestID: "test"))
                            return "password number \(index)"
                        } catch let error as APIError where error.code == "INVALID_ONE_TIME_TOKEN" {
                            return nil
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let winners = outcomes.compactMap { $0 }
            #expect(winners.count == 1)
            try await #expect(logIn(app, winners[0]) == 200)
            try await #expect(count(app, "audit_log WHERE action = 'user.password_reset'") == 1)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aTokenIsWorthNothingOnceItOrItsUserHasChanged(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let mailbox = Mailbox(app)
            let user = try await app.registered("ada")
            func token() async throws -> String {
                _ = try await forgot(app, "ada@example.com")
                return try await mailbox.receiveToken()
            }
            let expired = try await token()
            try await change(app, "UPDATE one_time_tokens SET expires_at = $1", .timestamp(.now() - .seconds(1)))
            try await #expect(reset(app, expired).code == "INVALID_ONE_TIME_TOKEN")

            let inactive = try await token()
            try await change(app, "UPDATE users SET is_active = $1", .bool(false))
            try await #expect(reset(app, inactive).code == "INVALID_ONE_TIME_TOKEN")
            try await change(app, "UPDATE users SET is_active = $1", .bool(true))

            // Mailed to an address that is the account's no more.
            let elsewhere = try await token()
            try await change(app, "UPDATE users SET email = 'countess@example.com'")
            try await #expect(reset(app, elsewhere).code == "INVALID_ONE_TIME_TOKEN")
            try await change(app, "UPDATE users SET email = 'ada@example.com'")

            // Whoever asked for it may not be who has just changed the password.
            let outdated = try await token()
            let changed = try await user.post(
                "/auth/me/password", json: ["current_password": .string(TestApp.password), "new_password": "changed by hand"])
            #expect(changed.status == 200)
            try await #expect(reset(app, outdated).code == "INVALID_ONE_TIME_TOKEN")

            // For another purpose.
            _ = try await user.send("POST", "/auth/email/verify/request")
            try await #expect(reset(app, mailbox.receiveToken()).code == "INVALID_ONE_TIME_TOKEN")
            for text in ["x", String(repeating: "A", count: 43), String(repeating: "A", count: 44), "' OR 1=1 --"] {
                try await #expect(reset(app, text).code == "INVALID_ONE_TIME_TOKEN")
            }
            try await #expect(logIn(app, "changed by hand") == 200)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whatAnAdministratorChangesOutlivesTheTokensOfBefore(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let mailbox = Mailbox(app)
            let admin = try await app.admin()
            let id = try #require(try await app.registered("ada").get("/auth/me").json["id"]?.integer)
            for change: JSONValue in [["password": "given by the admin"], ["is_active": false]] {
                _ = try await forgot(app, "ada@example.com")
                let token = try await mailbox.receiveToken()
                try await #expect(admin.patch("/api/v1/users/\(id)", json: change).status == 200)
                try await #expect(admin.patch("/api/v1/users/\(id)", json: ["is_active": true]).status == 200)
                try await #expect(reset(app, token).code == "INVALID_ONE_TIME_TOKEN")
            }
            try await #expect(logIn(app, "given by the admin") == 200)
        }
    }

    @Test func aPasswordThatIsRefusedLeavesTheTokenGood() async throws {
        try await TestApp.run { configuration in
            configuration.auth.checksCommonPasswords = true
        } _: { app in
            let mailbox = Mailbox(app)
            let made = try await app.client.post(
                "/auth/register", json: ["email": "ada@example.com", "password": "nobody guesses this"])
            #expect(made.status == 201)
            _ = try await forgot(app, "ada@example.com")
            let token = try await mailbox.receiveToken()
            try await #expect(reset(app, token, "short").faults == ["string_too_short at body.new_password"])
            try await #expect(reset(app, token, "password123").faults == ["value_error at body.new_password"])
            try await #expect(reset(app, token, "ada@example.com").faults == ["value_error at body.new_password"])
            try await #expect(reset(app, token).status == 200)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func noTokenIsInTheDatabaseOrTheLog(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { configuration in
            configuration.log.level = .trace
            configuration.auth.verifiesEmail = true
        } _: { app in
            let mailbox = Mailbox(app)
            _ = try await app.registered("ada")
            let verification = try await mailbox.receiveToken()
            _ = try await forgot(app, "ada@example.com")
            let reset = try await mailbox.receiveToken()
            _ = try await self.reset(app, reset)
            _ = try await app.client.post("/auth/email/verify", json: ["token": .string(verification)])
            _ = try await app.client.post("/auth/email/verify", json: ["token": .string(verification), "more": 1])
            var stored = ""
            for columns in ["payload, result, last_error FROM jobs", "details, subject_id, subject_id FROM audit_log"] {
                for row in try await app.services.database.execute(.read("SELECT \(columns)"), []) {
                    for column in 0..<3 { stored += try row.optionalString(column) ?? "" }
                }
            }
            for row in try await app.services.database.execute(.read("SELECT token_hash FROM one_time_tokens"), []) {
                let hash = try row.bytes(0)
                #expect(hash.count == 32)
                stored += Base64URL.encode(hash)
            }
            #expect(stored.contains("{\"user_id\":1}"))
            #expect(app.log.text.contains("/auth/password/reset"))
            for token in [verification, reset] {
                #expect(!stored.contains(token))
                #expect(!app.log.text.contains(token))
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aMailThatCannotBeWrittenIsTriedAgain(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            _ = try await app.registered("ada")
            _ = try await forgot(app, "ada@example.com")
            // A file where the folder should be.
            try DurableFile.write([], directory: app.backend.configuration.dataDirectory, name: "outbox")
            let worker = RunningWorker(app.services)
            let deadline = MonotonicInstant.now() + .seconds(20)
            while try await app.services.jobs.countsByStatus()[.retrying] == nil, MonotonicInstant.now() < deadline {
                try await app.loop.sleep(for: .milliseconds(5))
            }
            await worker.stop(within: .seconds(5))
            try DurableFile.remove(directory: app.backend.configuration.dataDirectory, name: "outbox")
            try await change(app, "UPDATE jobs SET run_at = $1", .timestamp(.now()))
            let token = try await Mailbox(app).receiveToken()
            try await #expect(reset(app, token).status == 200)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func fiveMailsInAQuarterOfAnHourForAnAddressAndAClient(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { configuration in
            configuration.rateLimits.isEnabled = true
            configuration.rateLimits.strict = RateLimitAllowance(limit: 100, window: .seconds(60))
        } _: { app in
            for remaining in (0..<5).reversed() {
                let answer = try await forgot(app, "nobody@example.com")
                #expect(answer.status == 202)
                #expect(answer.header("X-RateLimit-Remaining") == String(remaining))
            }
            // In another case of letters it is the same mailbox.
            let refused = try await forgot(app, "Nobody@EXAMPLE.com")
            #expect(refused.status == 429)
            #expect(refused.header("Retry-After") != nil)
            try await #expect(forgot(app, "somebody@example.com").status == 202)
            try await #expect(count(app, "jobs") == 6)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whatHasExpiredLongAgoIsRemoved(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let mailbox = Mailbox(app)
            _ = try await app.registered("ada")
            _ = try await forgot(app, "ada@example.com")
            let token = try await mailbox.receiveToken()
            let database = app.services.database
            try await #expect(OneTimeTokenRepository.removeExpired(before: .now(), limit: 10, in: database) == 0)
            try await #expect(count(app, "one_time_tokens") == 1)
            try await #expect(OneTimeTokenRepository.removeExpired(before: .now() + .seconds(3_600), limit: 10, in: database) == 1)
            try await #expect(count(app, "one_time_tokens") == 0)
            try await #expect(reset(app, token).status == 400)
        }
    }
}
