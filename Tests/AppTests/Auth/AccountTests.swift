// Accounts over HTTP: opening, changing and closing them.

import Actors
import Logging
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct AccountTests {
    private func auditActions(_ app: TestApp) async throws -> [String] {
        try await app.services.database.execute(.read("SELECT action FROM audit_log ORDER BY id"), []).map { try $0.string(0) }
    }

    // MARK: Registration

    @Test(arguments: TestSetup.all)
    func registeringAnswersTheUserWithoutThePassword(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let answer = try await app.client.post(
                "/auth/register",
                json: ["email": "Ada@Example.COM", "password": "password123", "username": "ada", "full_name": "Ada Lovelace"])
            #expect(answer.status == 201)
            guard case .object(let user) = answer.json else {
                Issue.record("no object: \(answer)")
                return
            }
            #expect(
                user.members.map(\.name) == [
                    "id", "email", "username", "name", "full_name", "role", "is_active", "email_verified_at", "created_at",
                    "updated_at",
                ])
            #expect(user["email"] == "Ada@example.com")
            #expect(user["username"] == "ada")
            #expect(user["full_name"] == "Ada Lovelace")
            #expect(user["role"] == "user")
            #expect(user["is_active"] == true)
            #expect(user["email_verified_at"] == .null)
            #expect(answer.header("Cache-Control") == "no-store")
            let again = try await app.client.post(
                "/api/v1/auth/register/", json: ["email": "bob@example.com", "password": "password123"])
            #expect(again.status == 201)
            #expect(again.json["username"] == .null)
            try await #expect(auditActions(app) == ["user.register", "user.register"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aTakenAddressOrUsernameIsAConflict(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            func register(_ email: String, _ username: String) async throws -> HTTPTestResponse {
                try await app.client.post(
                    "/auth/register", json: ["email": .string(email), "username": .string(username), "password": "password123"])
            }
            try await #expect(register("ada@example.com", "ada").status == 201)
            for (email, username) in [("ADA@example.com", "another"), ("other@example.com", "ada")] {
                let answer = try await register(email, username)
                #expect(answer.status == 409)
                #expect(answer.code == "USER_EXISTS")
            }
            try await #expect(register("other@example.com", "Ada").status == 201)
            // What was refused left nothing behind.
            try await #expect(auditActions(app) == ["user.register", "user.register"])
        }
    }

    @Test func everyFaultIsListedAndWhatIsNotAskedForIsRefused() async throws {
        try await TestApp.run { app in
            let answer = try await app.client.post(
                "/auth/register",
                json: [
                    "email": "nobody", "password": "short", "username": "a@b", "role": "admin", "is_admin": true, "is_active": true,
                    "id": 1, "owner_id": 1, "hashed_password": "x",
                ])
            #expect(answer.status == 422)
            #expect(
                answer.faults == [
                    "value_error at body.email", "string_too_short at body.password", "string_pattern_mismatch at body.username",
                    "extra_forbidden at body.role", "extra_forbidden at body.is_admin", "extra_forbidden at body.is_active",
                    "extra_forbidden at body.id", "extra_forbidden at body.owner_id", "extra_forbidden at body.hashed_password",
                ])
            let empty = try await app.client.post("/auth/register", json: [:])
            #expect(empty.faults == ["missing at body.email", "missing at body.password"])
        }
    }

    @Test func anyCharactersMakeAPasswordAsLongAsThereAreEnoughOfThem() async throws {
        try await TestApp.run { app in
            let passwords = ["        ", "пароль пароль", "🔑🔑🔑🔑🔑🔑🔑🔑", String(repeating: "ü", count: 128), "\u{1}\t\"\\'--;\u{7F}"]
            for (index, password) in passwords.enumerated() {
                let email = JSONValue.string("user\(index)@example.com")
                let made = try await app.client.post("/auth/register", json: ["email": email, "password": .string(password)])
                #expect(made.status == 201, "\(password)")
                let login = try await app.client.post("/auth/login", json: ["username": email, "password": .string(password)])
                #expect(login.status == 200, "\(password)")
                let longer = try await app.client.post(
                    "/auth/login", json: ["username": email, "password": .string(password + " ")])
                #expect(longer.status == 401, "\(password)")
            }
            for password in [String(repeating: "🔑", count: 7), String(repeating: "x", count: 129)] {
                let answer = try await app.client.post(
                    "/auth/register", json: ["email": "x@example.com", "password": .string(password)])
                #expect(answer.status == 422)
            }
        }
    }

    @Test func commonPasswordsAreRefusedWhereThatIsAskedFor() async throws {
        try await TestApp.run { configuration in
            configuration.auth.checksCommonPasswords = true
        } _: { app in
            for password in ["password123", "Ada@Example.com"] {
                let answer = try await app.client.post(
                    "/auth/register", json: ["email": "ada@example.com", "password": .string(password)])
                #expect(answer.status == 422)
                #expect(answer.faults == ["value_error at body.password"])
            }
            let answer = try await app.client.post(
                "/auth/register", json: ["email": "ada@example.com", "password": "nobody guesses this"])
            #expect(answer.status == 201)
        }
    }

    @Test func noPasswordAndNoTokenReachesLogOrAnswer() async throws {
        try await TestApp.run { configuration in
            configuration.log.level = .trace
        } _: { app in
            let secret = "a most secret passphrase"
            let faulty = try await app.client.post("/auth/register", json: ["email": "x", "password": .string(secret)])
            #expect(!faulty.text.contains(secret))
            _ = try await app.client.post("/auth/register", json: ["email": "ada@example.com", "password": .string(secret)])
            let login = try await app.client.post("/auth/login", json: ["username": "ada@example.com", "password": .string(secret)])
            let access = try #require(login.json["access_token"]?.string)
            let refresh = try #require(login.json["refresh_token"]?.string)
            _ = try await app.client.with(token: access).get("/auth/me?access_token=\(access)")
            _ = try await app.client.post("/auth/refresh", json: ["refresh_token": .string(refresh)])
            _ = try await app.client.post("/auth/login", json: ["username": "nobody", "password": .string(secret)])
            #expect(!app.log.text.isEmpty)
            for word in [secret, access, refresh] { #expect(!app.log.text.contains(word)) }
        }
    }

    // MARK: Profile

    @Test(arguments: TestSetup.overSockets)
    func ownNamesCanBeChangedAndTakenBack(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered("ada")
            let changed = try await user.patch(
                "/auth/me", json: ["username": "ada", "name": "Ada", "full_name": "Ada Lovelace"])
            #expect(changed.status == 200)
            #expect(changed.json["username"] == "ada")
            let cleared = try await user.patch("/auth/me", json: ["full_name": nil])
            #expect(cleared.json["full_name"] == .null)
            #expect(cleared.json["name"] == "Ada")
            #expect(cleared.json["username"] == "ada")
            let shown = try await user.get("/api/v1/auth/me")
            #expect(shown.json == cleared.json)
            try await #expect(user.patch("/auth/me", json: [:]).json == shown.json)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aNewAddressHasToBeVerifiedAnew(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered("ada")
            _ = try await app.services.database.execute(
                .write("UPDATE users SET email_verified_at = $1"), [.timestamp(Timestamp(seconds: 1_700_000_000))])
            let same = try await user.patch("/auth/me", json: ["email": "ADA@example.com"])
            #expect(same.json["email_verified_at"] == "2023-11-14T22:13:20Z")
            let other = try await user.patch("/auth/me", json: ["email": "countess@example.com"])
            #expect(other.json["email"] == "countess@example.com")
            #expect(other.json["email_verified_at"] == .null)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func noRightsAndNoTakenNamesCanBeAssigned(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered("ada")
            _ = try await app.registered("bob")
            let taken = try await user.patch("/auth/me", json: ["email": "bob@example.com"])
            #expect(taken.status == 409)
            #expect(taken.code == "USER_EXISTS")
            let assigned = try await user.patch("/auth/me", json: ["role": "admin", "is_active": true, "email": nil])
            #expect(assigned.status == 422)
            #expect(
                assigned.faults == [
                    "extra_forbidden at body.role", "extra_forbidden at body.is_active", "string_type at body.email",
                ])
            try await #expect(user.get("/auth/me").json["role"] == "user")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aNewPasswordEndsTheOtherSessions(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let here = try await app.registered("ada")
            let elsewhere = try await app.loggedIn("ada@example.com", TestApp.password)
            try await #expect(elsewhere.get("/auth/me").status == 200)
            let wrong = try await here.post(
                "/auth/me/password", json: ["current_password": "not this", "new_password": "a better password"])
            #expect(wrong.status == 400)
            #expect(wrong.code == "INCORRECT_PASSWORD")
            let right = try await here.post(
                "/auth/me/password", json: ["current_password": .string(TestApp.password), "new_password": "a better password"])
            #expect(right.status == 200)
            try await #expect(here.get("/auth/me").status == 200)
            try await #expect(elsewhere.get("/auth/me").status == 401)
            let old = try await app.client.post(
                "/auth/login", json: ["username": "ada@example.com", "password": .string(TestApp.password)])
            #expect(old.status == 401)
            _ = try await app.loggedIn("ada@example.com", "a better password")
        }
    }

    // MARK: Leaving

    @Test(arguments: TestSetup.overSockets)
    func deletingAnAccountTakesEverythingAlong(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered("ada")
            try await #expect(user.post("/tasks", json: ["title": "left behind"]).status == 201)
            try await #expect(user.delete("/auth/me").status == 204)
            try await #expect(user.get("/auth/me").status == 401)
            let login = try await app.client.post(
                "/auth/login", json: ["username": "ada@example.com", "password": .string(TestApp.password)])
            #expect(login.status == 401)
            for table in ["users", "tasks", "sessions", "refresh_tokens"] {
                let rows = try await app.services.database.execute(.read("SELECT count(*) FROM \(table)"), [])
                try #expect(rows[0].int(0) == 0, "\(table)")
            }
            // Who was here and left is still known.
            try await #expect(auditActions(app) == ["user.register", "session.create", "user.delete"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func theLastAdministratorStays(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let admin = try await app.admin()
            let refused = try await admin.delete("/auth/me")
            #expect(refused.status == 409)
            #expect(refused.code == "LAST_ADMIN")
            let user = try await app.registered("ada")
            _ = try await app.services.database.execute(
                .write("UPDATE users SET role = 'admin' WHERE email = $1"), [.text("ada@example.com")])
            try await #expect(admin.delete("/auth/me").status == 204)
            try await #expect(user.delete("/auth/me").status == 409)
        }
    }

    // MARK: Seeding

    private func seed(_ app: TestApp, _ email: String, _ password: String, promotes: Bool = false) async throws -> AccountSeed.Outcome {
        let hasher = PasswordHasher(loop: app.loop, parameters: app.backend.configuration.auth.hashParameters, maxConcurrent: 1)
        return try await AccountSeed.ensureAdmin(
            email: Text(email), password: Text(password), promotes: promotes, passwords: hasher,
            from: RequestOrigin(clientAddress: "test", requestID: "test"), in: app.services.database)
    }

    @Test(arguments: TestSetup.overSockets)
    func seedingTwiceChangesNothing(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            try await #expect(seed(app, "admin@local.com", "admin123456") == .created)
            try await #expect(seed(app, "ADMIN@local.com", "another password") == .unchanged)
            try await #expect(seed(app, "admin@local.com", "another password", promotes: true) == .unchanged)
            try await #expect(app.loggedIn("admin@local.com", "admin123456").get("/auth/me").json["role"] == "admin")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func seedingPromotesNobodyUnasked(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered("ada")
            await #expect(throws: AccountSeed.AccountExists(email: "ADA@example.com")) {
                try await seed(app, "ADA@example.com", "another password")
            }
            try await #expect(user.get("/auth/me").json["role"] == "user")
            _ = try await app.loggedIn("ada@example.com", TestApp.password)
            try await #expect(!auditActions(app).contains("user.promote"))
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whoeverIsPromotedStartsWithTheGivenPasswordAndWithoutSessions(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let before = try await app.registered("ada")
            _ = try await app.services.database.execute(.write("UPDATE users SET is_active = $1"), [.bool(false)])
            try await #expect(seed(app, "ada@example.com", "another password", promotes: true) == .promoted)
            try await #expect(before.get("/auth/me").status == 401)
            let old = try await app.client.post(
                "/auth/login", json: ["username": "ada@example.com", "password": .string(TestApp.password)])
            #expect(old.status == 401)
            let now = try await app.loggedIn("ada@example.com", "another password").get("/auth/me").json
            #expect(now["role"] == "admin")
            #expect(now["is_active"] == true)
            try await #expect(auditActions(app).contains("user.promote"))
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func anInactiveAdministratorIsActivatedOnlyIfAskedFor(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            try await #expect(seed(app, "admin@local.com", "admin123456") == .created)
            _ = try await app.services.database.execute(.write("UPDATE users SET is_active = $1"), [.bool(false)])
            try await #expect(seed(app, "admin@local.com", "another password") == .unchangedInactive)
            try await #expect(seed(app, "admin@local.com", "another password", promotes: true) == .promoted)
            _ = try await app.loggedIn("admin@local.com", "another password")
        }
    }
}
