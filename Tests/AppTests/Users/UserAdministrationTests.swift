// Users as administrators see them, and as they see themselves.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct UserAdministrationTests {
    private let bob: JSONValue = ["email": "bob@example.com", "password": "password123", "role": "user"]

    private func audit(_ app: TestApp) async throws -> [String] {
        try await app.services.database.execute(
            .read("SELECT action FROM audit_log WHERE action LIKE 'user.%' AND action <> 'user.register' ORDER BY id"), []
        ).map { try $0.string(0) }
    }

    private func id(_ client: TestClient) async throws -> Int {
        try #require(try await client.get("/auth/me").json["id"]?.integer)
    }

    @Test(arguments: TestSetup.all)
    func anAdministratorMakesReadsChangesAndDeletesUsers(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let admin = try await app.admin()
            let created = try await admin.post(
                "/api/v1/users",
                json: [
                    "email": "Bob@Example.com", "password": "password123", "role": "admin", "username": "bob", "name": "Bob",
                    "full_name": "Bob Brown",
                ])
            #expect(created.status == 201)
            guard case .object(let user) = created.json else {
                Issue.record("no object: \(created)")
                return
            }
            #expect(
                user.members.map(\.name) == [
                    "id", "email", "username", "name", "full_name", "role", "is_active", "email_verified_at", "created_at",
                    "updated_at",
                ])
            #expect(user["email"] == "Bob@example.com")
            #expect(user["role"] == "admin")
            _ = try await app.loggedIn("bob", "password123")
            let id = try #require(user["id"]?.integer)
            try await #expect(admin.get("/api/v1/users/\(id)/").json == created.json)

            let put = try await admin.put("/api/v1/users/\(id)", json: ["name": "Robert", "role": "user"])
            #expect(put.status == 200)
            #expect(put.json["name"] == "Robert")
            #expect(put.json["role"] == "user")
            #expect(put.json["full_name"] == "Bob Brown")
            let patched = try await admin.patch("/api/v1/users/\(id)", json: ["full_name": nil, "is_active": false])
            #expect(patched.json["full_name"] == .null)
            #expect(patched.json["is_active"] == false)
            try await #expect(admin.patch("/api/v1/users/\(id)", json: [:]).json == patched.json)

            let deleted = try await admin.delete("/api/v1/users/\(id)")
            #expect(deleted.status == 204)
            #expect(deleted.body.isEmpty)
            for answer in [
                try await admin.get("/api/v1/users/\(id)"), try await admin.patch("/api/v1/users/\(id)", json: ["name": "x"]),
                try await admin.put("/api/v1/users/\(id)", json: [:]), try await admin.delete("/api/v1/users/\(id)"),
            ] {
                #expect(answer.status == 404)
                #expect(answer.code == "USER_NOT_FOUND")
            }
            try await #expect(
                audit(app) == [
                    "user.create", "user.create", "user.update", "user.role_change", "user.update", "user.delete",
                ])
        }
    }

    /// Rows: what is asked. Columns: nobody, another user, oneself, an administrator.
    @Test(arguments: TestSetup.overSockets, ["/api/v1/users", "/users"])
    func everyRouteIsForThoseWhoMay(_ setup: TestSetup, _ path: String) async throws {
        try await TestApp.run(on: setup) { configuration in
            configuration.opensDirectory = false
        } _: { app in
            let admin = try await app.admin()
            let ada = try await app.registered("ada")
            let eve = try await app.registered("eve")
            let own = "\(path)/\(try await id(ada))"
            let matrix: [(method: String, target: String, body: JSONValue?, expected: [Int])] = [
                ("POST", path, bob, [401, 403, 403, 201]),
                ("GET", path, nil, [401, 403, 403, 200]),
                ("GET", "\(path)/search?name=a", nil, [401, 403, 403, 200]),
                ("GET", "\(path)/stats", nil, [401, 403, 403, 200]),
                ("GET", own, nil, [401, 403, 200, 200]),
                ("PUT", own, ["name": "A"], [401, 403, 200, 200]),
                ("PATCH", own, ["name": "B"], [401, 403, 200, 200]),
                ("PATCH", own, ["is_active": true], [401, 403, 422, 200]),
                ("PUT", own, ["role": "user"], [401, 403, 422, 200]),
                ("PATCH", own, ["password": "password456"], [401, 403, 422, 200]),
                ("GET", "\(path)/999999", nil, [401, 403, 403, 404]),
                ("PATCH", "\(path)/999999", ["name": "A"], [401, 403, 403, 404]),
                ("DELETE", "\(path)/999999", nil, [401, 403, 403, 404]),
            ]
            for row in matrix {
                for (client, expected) in zip([app.client, eve, ada, admin], row.expected) {
                    // The last but one change of the table ends her session.
                    let answer =
                        if let body = row.body {
                            try await client.send(row.method, row.target, json: body)
                        } else {
                            try await client.send(row.method, row.target)
                        }
                    let isEnded = client.token == ada.token && row.target.hasSuffix("999999")
                    #expect(answer.status == (isEnded ? 401 : expected), "\(row.method) \(row.target) \(answer)")
                }
            }
            for (client, expected) in [(app.client, 401), (eve, 403), (admin, 204)] {
                try await #expect(client.delete(own).status == expected)
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func oneChangesOnesOwnNamesAndNothingElse(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let ada = try await app.registered("ada")
            let own = "/api/v1/users/\(try await id(ada))"
            let changed = try await ada.patch(own, json: ["username": "ada", "email": "ada@example.org", "full_name": "Ada L"])
            #expect(changed.status == 200)
            try await #expect(ada.get("/auth/me").json == changed.json)
            let greedy = try await ada.put(own, json: ["name": "A", "role": "admin", "is_active": true, "password": "password456"])
            #expect(greedy.status == 422)
            #expect(
                greedy.faults == ["extra_forbidden at body.role", "extra_forbidden at body.is_active", "extra_forbidden at body.password"])
            #expect(!greedy.text.contains("password456"))
            try await #expect(ada.get("/auth/me").json == changed.json)
            try await #expect(ada.delete(own).code == "ADMIN_REQUIRED")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aTakenNameIsAConflictAndChangesNothing(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let admin = try await app.admin()
            _ = try await app.registered("ada")
            let created = try await admin.post("/api/v1/users", json: bob)
            let id = try #require(created.json["id"]?.integer)
            for answer in [
                try await admin.post("/api/v1/users", json: bob),
                try await admin.post("/api/v1/users", json: ["email": "BOB@EXAMPLE.COM", "password": "password123", "role": "user"]),
                try await admin.patch("/api/v1/users/\(id)", json: ["email": "ADA@example.com", "role": "admin"]),
            ] {
                #expect(answer.status == 409)
                #expect(answer.code == "USER_EXISTS")
            }
            try await #expect(admin.get("/api/v1/users/\(id)").json == created.json)
            try await #expect(audit(app) == ["user.create", "user.create"])
        }
    }

    @Test func everyFaultIsListed() async throws {
        try await TestApp.run { app in
            let admin = try await app.admin()
            let answer = try await admin.post(
                "/api/v1/users",
                json: ["email": "x", "password": "tiny!", "role": "root", "username": "a b", "is_admin": true, "hashed_password": "x"])
            #expect(answer.status == 422)
            #expect(
                answer.faults == [
                    "value_error at body.email", "string_too_short at body.password", "enum at body.role",
                    "string_pattern_mismatch at body.username", "extra_forbidden at body.is_admin",
                    "extra_forbidden at body.hashed_password",
                ])
            #expect(!answer.text.contains("tiny!"))
            try await #expect(
                admin.post("/api/v1/users", json: [:]).faults == [
                    "missing at body.email", "missing at body.password", "missing at body.role",
                ])
            try await #expect(
                admin.patch("/api/v1/users/x", json: ["role": nil, "id": 1]).faults == [
                    "int_parsing at path.user_id", "enum at body.role", "extra_forbidden at body.id",
                ])
            try await #expect(admin.get("/api/v1/users?limit=101&skip=-1").status == 422)
            for id in ["0", "-1", "9223372036854775807"] { try await #expect(admin.get("/api/v1/users/\(id)").status == 404) }
        }
    }

    @Test func commonPasswordsAreRefusedWhereTheyAreChecked() async throws {
        try await TestApp.run { configuration in
            configuration.auth.checksCommonPasswords = true
        } _: { app in
            // Its own password would not pass the check, but nobody asks when it is hashed for the first administrator.
            let admin = try await app.admin()
            try await #expect(admin.post("/api/v1/users", json: bob).faults == ["value_error at body.password"])
            let strong: JSONValue = ["email": "bob@example.com", "password": "correct horse", "role": "user", "username": "bob.brown"]
            let id = try #require(try await admin.post("/api/v1/users", json: strong).json["id"]?.integer)
            for password: JSONValue in ["password123", "bob.brown", "bob@example.com"] {
                let answer = try await admin.patch("/api/v1/users/\(id)", json: ["password": password])
                #expect(answer.faults == ["value_error at body.password"])
            }
        }
    }

    // MARK: At once

    @Test(arguments: TestSetup.overSockets)
    func whatIsTakenAwayIsGoneAtOnce(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let admin = try await app.admin()
            let created = try await admin.post(
                "/api/v1/users", json: ["email": "bob@example.com", "password": "password123", "role": "admin"])
            let path = "/api/v1/users/\(try #require(created.json["id"]?.integer))"
            let bob = try await app.loggedIn("bob@example.com", "password123")
            try await #expect(bob.get("/api/v1/users").status == 200)

            _ = try await admin.patch(path, json: ["role": "user"])
            try await #expect(bob.get("/api/v1/users").status == 403)
            try await #expect(bob.get("/auth/me").json["role"] == "user")

            _ = try await admin.patch(path, json: ["password": "password456"])
            try await #expect(bob.get("/auth/me").status == 401)
            let old = try await app.client.post("/auth/login", json: ["username": "bob@example.com", "password": "password123"])
            #expect(old.status == 401)
            let again = try await app.loggedIn("bob@example.com", "password456")

            _ = try await admin.patch(path, json: ["is_active": false])
            try await #expect(again.get("/auth/me").status == 401)
            _ = try await admin.patch(path, json: ["is_active": true])
            // Being active again does not bring sessions back.
            try await #expect(again.get("/auth/me").status == 401)
            let last = try await app.loggedIn("bob@example.com", "password456")
            _ = try await admin.delete(path)
            try await #expect(last.get("/auth/me").status == 401)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whoeverGivesThemselvesAnotherPasswordStaysButOnlyThere(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let here = try await app.admin()
            let elsewhere = try await app.loggedIn("admin@example.com", TestApp.password)
            let answer = try await here.patch("/api/v1/users/\(try await id(here))", json: ["password": "password456"])
            #expect(answer.status == 200)
            try await #expect(here.get("/auth/me").status == 200)
            try await #expect(elsewhere.get("/auth/me").status == 401)
        }
    }

    // MARK: Audit

    @Test(arguments: TestSetup.overSockets)
    func theLogTellsWhoDidWhatToWhomAndNoSecrets(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let admin = try await app.admin()
            let adminID = try await id(admin)
            let bobID = try #require(try await admin.post("/api/v1/users", json: bob).json["id"]?.integer)
            _ = try await admin.patch(
                "/api/v1/users/\(bobID)", json: ["name": "Bob", "role": "admin", "password": "password456"], ["X-Request-ID": "the-change"])
            let rows = try await app.services.database.execute(
                .read("SELECT action, actor_id, subject_id, details FROM audit_log WHERE request_id = 'the-change' ORDER BY id"), [])
            try #expect(rows.map { try $0.string(0) } == ["user.update", "user.role_change"])
            for row in rows {
                try #expect(row.int(1) == Int64(adminID))
                try #expect(row.string(2) == String(bobID))
            }
            try #expect(rows[0].string(3) == #"{"changed":["name","role","password"],"sessions_ended":0}"#)
            try #expect(rows[1].string(3) == #"{"from":"user","to":"admin"}"#)
        }
    }

    @Test(arguments: TestSetup.overSockets, ["/auth/me", "/users"])
    func eitherDoorToOnesProfileLeavesTheSameLine(_ setup: TestSetup, _ door: String) async throws {
        try await TestApp.run(on: setup) { app in
            let ada = try await app.registered("ada")
            let own = door == "/users" ? "/users/\(try await id(ada))" : door
            let answer = try await ada.patch(
                own, json: ["email": "countess@example.com", "username": "ada", "full_name": nil], ["X-Request-ID": "the-change"])
            #expect(answer.status == 200)
            let rows = try await app.services.database.execute(
                .read("SELECT action, actor_id, details FROM audit_log WHERE request_id = 'the-change'"), [])
            #expect(rows.count == 1)
            try #expect(rows[0].string(0) == "user.update")
            try #expect(rows[0].int(1) == Int64(try #require(answer.json["id"]?.integer)))
            try #expect(rows[0].string(2) == #"{"changed":["email","username","full_name"]}"#)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whatCannotBeLoggedIsNotDone(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let admin = try await app.admin()
            let created = try await admin.post("/api/v1/users", json: bob)
            let path = "/api/v1/users/\(try #require(created.json["id"]?.integer))"
            _ = try await app.services.database.execute(.write("ALTER TABLE audit_log RENAME TO audit_log_elsewhere"), [])
            for answer in [
                try await admin.post("/api/v1/users", json: ["email": "c@example.com", "password": "password123", "role": "user"]),
                try await admin.patch(path, json: ["role": "admin"]), try await admin.delete(path),
            ] {
                #expect(answer.status == 500)
            }
            try await #expect(admin.get(path).json == created.json)
            try await #expect(admin.get("/api/v1/users/stats").json["total_users"] == 2)
        }
    }
}
