// Logging in over HTTP.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct LoginTests {
    private func register(_ app: TestApp, _ email: String = "ada@example.com", username: String = "ada") async throws {
        let answer = try await app.client.post(
            "/auth/register",
            json: ["email": .string(email), "username": .string(username), "password": .string(TestApp.password)])
        #expect(answer.status == 201)
    }

    @Test(arguments: TestSetup.all)
    func jsonFormAndOAuth2OpenASession(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            try await register(app)
            let answers = [
                try await app.client.post("/auth/login", json: ["username": "ada", "password": "password123"]),
                try await app.client.post("/auth/login", json: ["username": "ADA@EXAMPLE.com", "password": "password123"]),
                try await app.client.post("/api/v1/auth/login", form: "username=ada%40example.com&password=password123"),
                try await app.client.post("/auth/login", form: "grant_type=password&username=ada&password=password123&scope=&client_id="),
                try await app.client.post(
                    "/auth/login/access-token",
                    form: "grant_type=password&username=ada&password=password123&scope=&client_id=string&client_secret=string&more=1"),
                try await app.client.post("/api/v1/auth/login/access-token/", form: "username=ada&password=password123"),
                // As Swagger UI and others send it: what they have no value for is empty.
                try await app.client.post(
                    "/auth/login/access-token",
                    form: "grant_type=&username=ada&password=password123&scope=&client_id=&client_secret="),
                try await app.client.post(
                    "/auth/login", form: "grant_type=&username=ada&password=password123&scope=&client_id=&client_secret=&resource=x"),
            ]
            for answer in answers {
                #expect(answer.status == 200, "\(answer)")
                guard case .object(let pair) = answer.json else { continue }
                #expect(pair.members.map(\.name) == ["access_token", "refresh_token", "token_type", "expires_in"])
                #expect(pair["token_type"] == "bearer")
                #expect(pair["expires_in"] == 900)
                #expect(answer.header("Cache-Control") == "no-store")
                let token = try #require(pair["access_token"]?.string)
                try await #expect(app.client.with(token: token).get("/auth/me").json["username"] == "ada")
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aWrongPasswordAndAnUnknownUserGetTheSameAnswer(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            try await register(app)
            // A row without credentials, as an imported directory has them.
            _ = try await app.services.database.execute(.write("INSERT INTO users (email) VALUES ('bare@example.com')"), [])
            let logins: [(String, String)] = [
                ("ada", "password124"), ("ada@example.com", " password123"), ("nobody", "password123"),
                ("nobody@example.com", "password123"),
                ("bare@example.com", "password123"), ("ada ", "password123"), ("%", "password123"), ("' OR 1=1 --", "password123"),
            ]
            var bodies: Set<JSONObject> = []
            for (login, password) in logins {
                let answer = try await app.client.post(
                    "/auth/login", json: ["username": .string(login), "password": .string(password)])
                #expect(answer.status == 401, "\(login)")
                #expect(answer.code == "INVALID_CREDENTIALS")
                #expect(answer.header("WWW-Authenticate") == "Bearer")
                bodies.insert(try #require(answer.bodyWithoutRequestID))
            }
            #expect(bodies.count == 1)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func anInactiveUserIsToldSoWhoKnowsThePassword(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            try await register(app)
            let user = try await app.loggedIn("ada", TestApp.password)
            _ = try await app.services.database.execute(.write("UPDATE users SET is_active = $1"), [.bool(false)])
            await app.backend.sessions.revokeAll(user: 1)
            let right = try await app.client.post("/auth/login", json: ["username": "ada", "password": "password123"])
            #expect(right.status == 400)
            #expect(right.code == "INACTIVE_USER")
            let wrong = try await app.client.post("/auth/login", json: ["username": "ada", "password": "password124"])
            #expect(wrong.status == 401)
            try await #expect(user.get("/auth/me").status == 401)
        }
    }

    @Test func onlyDeclaredFormsOfCredentialsAreRead() async throws {
        try await TestApp.run { app in
            try await register(app)
            let json: [String: String] = ["Content-Type": "application/json"]
            let body = Array("{\"username\":\"ada\",\"password\":\"password123\"}".utf8)
            try await #expect(app.client.send("POST", "/auth/login/access-token", json, body).status == 415)
            try await #expect(app.client.send("POST", "/auth/login", ["Content-Type": "text/plain"], body).status == 415)
            let other = try await app.client.post(
                "/auth/login/access-token", form: "grant_type=client_credentials&username=ada&password=password123")
            #expect(other.status == 422)
            #expect(other.faults == ["literal_error at body.grant_type"])
            let missing = try await app.client.post("/auth/login", form: "username=ada")
            #expect(missing.faults == ["missing at body.password"])
            for path in ["/auth/login", "/auth/login/access-token"] {
                let empty = try await app.client.post(path, form: "username=ada&password=")
                #expect(empty.faults == ["missing at body.password"])
            }
            let extra = try await app.client.post("/auth/login", json: ["username": "ada", "password": "password123", "role": "admin"])
            #expect(extra.faults == ["extra_forbidden at body.role"])
            let typed = try await app.client.post("/auth/login", json: ["username": ["ada"], "password": 12_345_678])
            #expect(typed.faults == ["string_type at body.username", "string_type at body.password"])
            #expect(!typed.text.contains("12345678"))
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aHashOfAnotherCostIsReplacedAtLogin(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            try await register(app)
            let outdated = try PasswordHash.hash(Text(TestApp.password), parameters: Argon2Parameters(memoryKiB: 32, passes: 1, lanes: 1))
            _ = try await app.services.database.execute(.write("UPDATE users SET hashed_password = $1"), [.text(outdated)])
            _ = try await app.loggedIn("ada", TestApp.password)
            let stored = try await app.services.database.execute(.read("SELECT hashed_password FROM users"), [])[0].string(0)
            #expect(stored != outdated)
            #expect(PasswordHash.parameters(of: stored) == app.backend.configuration.auth.hashParameters)
            _ = try await app.loggedIn("ada", TestApp.password)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whatChangesWhileAPasswordIsVerifiedLeavesNoSession(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            try await register(app)
            let database = app.services.database
            let origin = RequestOrigin(clientAddress: "test", requestID: "test")
            let found = try await UserRepository.credentials(login: "ada", in: database)
            let verified = try #require(found)
            let hash = try #require(verified.hashedPassword)
            func isRefused(_ id: Int64, _ hash: String) async throws -> Bool {
                do {
                    _ = try await app.services.auth.openSession(for: id, verified: hash, from: origin)
                    return false
                } catch let error as APIError where error.code == "INVALID_CREDENTIALS" {
                    return true
                }
            }
            // Another password, no rights any more, gone.
            _ = try await database.execute(.write("UPDATE users SET hashed_password = $1"), [.text("another")])
            try await #expect(isRefused(verified.user.id, hash))
            _ = try await database.execute(
                .write("UPDATE users SET hashed_password = $1, is_active = $2"), [.text(hash), .bool(false)])
            try await #expect(isRefused(verified.user.id, hash))
            try await #expect(isRefused(verified.user.id + 1, hash))
            try await #expect(database.execute(.read("SELECT count(*) FROM sessions"), [])[0].int(0) == 0)
            _ = try await database.execute(.write("UPDATE users SET is_active = $1"), [.bool(true)])
            try await #expect(!isRefused(verified.user.id, hash))
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func loginsAtOnceThatReplaceAHashAllSucceed(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            try await register(app)
            let outdated = try PasswordHash.hash(Text(TestApp.password), parameters: Argon2Parameters(memoryKiB: 32, passes: 1, lanes: 1))
            _ = try await app.services.database.execute(.write("UPDATE users SET hashed_password = $1"), [.text(outdated)])
            let auth = app.services.auth
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask(executorPreference: app.loop) {
                        let origin = RequestOrigin(clientAddress: "test", requestID: "test")
                        _ = try await auth.logIn("ada", password: Text(TestApp.password), from: origin)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func theAddressesOfOneNetworkShareTheirAttempts() async throws {
        try await TestApp.run { configuration in
            configuration.rateLimits.isEnabled = true
        } _: { app in
            func remaining(_ address: String) async -> Int? {
                await app.services.auth.admitLogin("ada", from: RequestOrigin(clientAddress: address, requestID: "test"))?
                    .decision.remaining
            }
            await #expect(remaining("2001:db8::1") == 4)
            await #expect(remaining("2001:db8::ffff:ffff:ffff:ffff") == 3)
            await #expect(remaining("2001:db8:0:1::1") == 4)
            await #expect(remaining("203.0.113.7") == 4)
            await #expect(remaining("203.0.113.8") == 4)
        }
    }

    @Test(arguments: TestSetup.overSockets, ["/auth/login", "/auth/login/access-token"])
    func everNewNamesFromOneAddressAreLimitedToo(_ setup: TestSetup, _ path: String) async throws {
        try await TestApp.run(on: setup) { configuration in
            configuration.rateLimits.isEnabled = true
            configuration.rateLimits.moderate = RateLimitAllowance(limit: 3, window: .seconds(60))
        } _: { app in
            for number in 1...3 {
                let answer = try await app.client.post(path, form: "username=nobody\(number)&password=password123")
                #expect(answer.status == 401)
                // Told is the rule of the name, which is the narrower one for people.
                #expect(answer.header("RateLimit-Policy") == "\"login\";q=5;w=60")
                #expect(answer.header("X-RateLimit-Remaining") == "4")
            }
            let refused = try await app.client.post(path, form: "username=nobody4&password=password123")
            #expect(refused.status == 429)
            #expect(refused.code == "RATE_LIMITED")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func fiveAttemptsAMinuteForANameAndAnAddress(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { configuration in
            configuration.rateLimits.isEnabled = true
        } _: { app in
            try await register(app)
            try await register(app, "bob@example.com", username: "bob")
            func attempt(_ login: String, _ password: String) async throws -> HTTPTestResponse {
                try await app.client.post("/auth/login", json: ["username": .string(login), "password": .string(password)])
            }
            for remaining in (0..<5).reversed() {
                let answer = try await attempt("ada", "wrong password")
                #expect(answer.status == 401)
                #expect(answer.header("X-RateLimit-Limit") == "5")
                #expect(answer.header("X-RateLimit-Remaining") == String(remaining))
                #expect(answer.header("RateLimit-Policy")?.contains("q=5;w=60") == true)
            }
            // Not even with the right password, and not in another case of letters.
            for login in ["ada", "ADA"] {
                let refused = try await attempt(login, TestApp.password)
                #expect(refused.status == 429)
                #expect(refused.code == "RATE_LIMITED")
                #expect(refused.header("Retry-After").flatMap(Int.init).map { (1...60).contains($0) } == true)
            }
            let form = try await app.client.post("/auth/login/access-token", form: "username=ada&password=password123")
            #expect(form.status == 429)
            // Others are not locked out with her.
            try await #expect(attempt("bob", TestApp.password).status == 200)
        }
    }
}
