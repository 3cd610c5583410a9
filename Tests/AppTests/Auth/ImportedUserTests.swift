// Users whose rows another application has left behind: bcrypt hashes and whatever else stands in such columns.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct ImportedUserTests {
    /// `password123` at the lowest cost there is, by Python's bcrypt.
    static let bcrypt = "$2b$04$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i"

    /// A row as FastAPI's templates have them: an address, a hash, and little else.
    private func adopt(_ app: TestApp, _ name: String = "ada", hash: String = bcrypt) async throws {
        _ = try await app.services.database.execute(
            .write("INSERT INTO users (email, hashed_password) VALUES ($1, $2)"), [.text("\(name)@example.com"), .text(hash)])
    }

    private func stored(_ app: TestApp, _ name: String = "ada") async throws -> String {
        try await app.services.database.execute(
            .read("SELECT hashed_password FROM users WHERE email = $1"), [.text("\(name)@example.com")])[0].string(0)
    }

    private func logIn(_ app: TestApp, _ name: String = "ada", _ password: String = TestApp.password) async throws -> HTTPTestResponse {
        try await app.client.post("/auth/login", form: "username=\(name)%40example.com&password=\(password)")
    }

    @Test(arguments: TestSetup.all)
    func logInWithTheirOldPasswordAndGetANewHash(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            try await adopt(app)
            try await #expect(logIn(app, "ada", "password124").status == 401)
            try await #expect(stored(app) == Self.bcrypt)
            let answer = try await logIn(app)
            #expect(answer.status == 200)
            let user = app.client.with(token: answer.json["access_token"]?.string)
            let profile = try await user.get("/auth/me")
            #expect(profile.json["email"] == "ada@example.com")
            #expect(profile.json["username"] == .null)
            let hash = try await stored(app)
            #expect(PasswordHash.parameters(of: hash) == app.backend.configuration.auth.hashParameters)
            try await #expect(logIn(app).status == 200)
            try await #expect(stored(app) == hash)
        }
    }

    @Test(arguments: ["$2a$", "$2y$"])
    func whateverTheirPrefixIs(_ prefix: String) async throws {
        try await TestApp.run { app in
            try await adopt(app, hash: prefix + Self.bcrypt.dropFirst(4))
            try await #expect(logIn(app).status == 200)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func changeTheirPasswordFromAnOpenSession(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            try await adopt(app)
            let user = try await app.loggedIn("ada@example.com", TestApp.password)
            _ = try await app.services.database.execute(.write("UPDATE users SET hashed_password = $1"), [.text(Self.bcrypt)])
            let changed = try await user.post(
                "/auth/me/password", json: ["current_password": .string(TestApp.password), "new_password": "a better password"])
            #expect(changed.status == 200)
            try await #expect(logIn(app, "ada", "a%20better%20password").status == 200)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func anInactiveOneIsToldSo(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            try await adopt(app)
            _ = try await app.services.database.execute(.write("UPDATE users SET is_active = $1"), [.bool(false)])
            try await #expect(logIn(app).code == "INACTIVE_USER")
            // Nothing was hashed anew for somebody who does not get in.
            try await #expect(stored(app) == Self.bcrypt)
        }
    }

    @Test func aHashThatIsNoneLetsNobodyIn() async throws {
        try await TestApp.run { app in
            let hashes = [
                "", "!", "password123", "$2b$", "$2b$04$", "$2b$99" + Self.bcrypt.dropFirst(6), "$2b$31" + Self.bcrypt.dropFirst(6),
                String(Self.bcrypt.dropLast()), Self.bcrypt + "i", "$2x" + Self.bcrypt.dropFirst(3),
                "$pbkdf2-sha256$29000$x$x", "$argon2id$", String(repeating: "$", count: 255), "pässword", "\u{301}\u{316}",
            ]
            for (index, hash) in hashes.enumerated() {
                try await adopt(app, "user\(index)", hash: hash)
                let answer = try await logIn(app, "user\(index)")
                #expect(answer.status == 401, "\(hash)")
                #expect(answer.code == "INVALID_CREDENTIALS")
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func logInAtOnceAndAllGetIn(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            try await adopt(app)
            let auth = app.services.auth
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask(executorPreference: app.loop) {
                        let origin = RequestOrigin(clientAddress: "test", requestID: "test")
                        _ = try await auth.logIn("ada@example.com", password: Text(TestApp.password), from: origin)
                    }
                }
                try await group.waitForAll()
            }
            try await #expect(stored(app).hasPrefix("$argon2id$"))
        }
    }

    // MARK: Equal work

    @Test func everyWrongLoginCostsTheSameHashes() async throws {
        try await TestApp.run { app in
            _ = try await app.registered("ada")
            _ = try await app.services.database.execute(.write("INSERT INTO users (email) VALUES ('bare@example.com')"), [])
            let passwords = app.backend.passwords
            func cost(_ name: String, _ password: String) async throws -> HashCounts {
                let before = await passwords.counts
                try await #expect(logIn(app, name, password).status == 401)
                let after = await passwords.counts
                return HashCounts(argon2: after.argon2 - before.argon2, bcrypt: after.bcrypt - before.bcrypt)
            }
            for (name, password) in [("ada", "password124"), ("nobody", "password123"), ("bare", "password123")] {
                try await #expect(cost(name, password) == HashCounts(argon2: 1), "\(name)")
            }
            // From the first imported user on, everybody's wrong password costs what theirs does.
            try await adopt(app, "imported")
            for (name, password) in [
                ("imported", "password124"), ("ada", "password124"), ("nobody", "password123"), ("bare", "password123"),
            ] {
                try await #expect(cost(name, password) == HashCounts(argon2: 1, bcrypt: 1), "\(name)")
            }
        }
    }
}
