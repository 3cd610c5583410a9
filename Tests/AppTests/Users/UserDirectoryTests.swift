// /users as a directory that is open to everybody: entries for visitors, accounts for their owners and administrators.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct UserDirectoryTests {
    private func make(_ client: TestClient, _ name: String) async throws -> Int {
        let answer = try await client.post("/users", json: ["name": .string(name), "email": .string("\(name)@example.com")])
        return try #require(answer.json["id"]?.integer, "\(answer)")
    }

    private func names(_ client: TestClient, _ query: String = "") async throws -> [String] {
        let answer = try await client.get("/users\(query)")
        #expect(answer.status == 200, "\(answer)")
        return (answer.json.array ?? []).map { $0["name"]?.string ?? "-" }
    }

    @Test(arguments: TestSetup.all)
    func anybodyMakesReadsChangesAndDeletesEntries(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let visitor = app.client
            let created = try await visitor.post("/users/", json: ["name": "Ada", "email": "ada@Example.com"])
            #expect(created.status == 201)
            guard case .object(let entry) = created.json else {
                Issue.record("no object: \(created)")
                return
            }
            #expect(entry.members.map(\.name) == ["id", "name", "email", "created_at"])
            #expect(entry["email"] == "ada@example.com")
            let path = "/users/\(try #require(entry["id"]?.integer))"
            try await #expect(visitor.get(path).json == created.json)
            try await #expect(visitor.get("/users").json == [created.json])
            try await #expect(visitor.put(path, json: ["name": "Ada L"]).json["name"] == "Ada L")
            try await #expect(visitor.patch(path, json: ["email": "al@example.com"]).json["email"] == "al@example.com")
            try await #expect(visitor.delete(path).status == 204)
            try await #expect(visitor.get(path).code == "USER_NOT_FOUND")
            try await #expect(visitor.put(path, json: ["name": "x"]).status == 404)
            try await #expect(visitor.delete(path).status == 404)
            let rows = try await app.services.database.execute(
                .read("SELECT count(*) FROM audit_log WHERE actor_id IS NULL AND subject_type = 'user'"), [])
            try #expect(rows[0].int(0) == 4)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func visitorsSetNamesAndAddressesOnly(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let answer = try await app.client.post(
                "/users",
                json: [
                    "email": "ada@example.com", "role": "admin", "password": "password123", "username": "ada", "full_name": "Ada",
                    "is_active": true,
                ])
            #expect(answer.faults == ["extra_forbidden at body.is_active"])
            let greedy = try await app.client.post(
                "/users",
                json: ["email": "ada@example.com", "role": "admin", "password": "password123", "username": "ada", "full_name": "Ada"])
            #expect(
                greedy.faults == [
                    "missing at body.name", "extra_forbidden at body.role", "extra_forbidden at body.password",
                    "extra_forbidden at body.username", "extra_forbidden at body.full_name",
                ])
            #expect(!greedy.text.contains("password123"))
            let path = "/users/\(try await make(app.client, "Ada"))"
            let update = try await app.client.patch(
                path,
                json: [
                    "name": "x", "role": "admin", "is_active": false, "password": "password123", "username": "ada", "full_name": nil,
                ])
            #expect(
                update.faults == [
                    "extra_forbidden at body.role", "extra_forbidden at body.is_active", "extra_forbidden at body.password",
                    "extra_forbidden at body.username", "extra_forbidden at body.full_name",
                ])
            try await #expect(names(app.client) == ["Ada"])
            try await #expect(app.client.post("/users", json: ["name": "B", "email": "ADA@example.com"]).code == "USER_EXISTS")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func accountsAreTheirOwnersAndTheAdministratorsAlone(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let ada = try await app.registered("ada")
            let eve = try await app.registered("eve")
            let admin = try await app.admin()
            let id = try #require(try await ada.get("/auth/me").json["id"]?.integer)
            let path = "/users/\(id)"
            for client in [app.client, eve] {
                // Of somebody else's account nothing but the entry is told.
                let seen = try await client.get(path)
                guard case .object(let entry) = seen.json else {
                    Issue.record("no object: \(seen)")
                    return
                }
                #expect(entry.members.map(\.name) == ["id", "name", "email", "created_at"])
                for answer in [
                    try await client.put(path, json: ["name": "x"]), try await client.patch(path, json: ["email": "x@example.com"]),
                    try await client.delete(path),
                ] {
                    #expect(answer.status == 403)
                    #expect(answer.code == "ACCOUNT_PROTECTED")
                }
                try await #expect(client.put(path, json: ["role": "admin"]).status == 422)
            }
            try await #expect(ada.get(path).json == ada.get("/auth/me").json)
            try await #expect(ada.patch(path, json: ["full_name": "Ada"]).json["full_name"] == "Ada")
            try await #expect(ada.patch(path, json: ["role": "admin"]).faults == ["extra_forbidden at body.role"])
            try await #expect(ada.delete(path).code == "FORBIDDEN")
            try await #expect(admin.get(path).json["role"] == "user")
            try await #expect(admin.get("/users").json.array?.first?["role"] == "admin")
            try await #expect(admin.patch(path, json: ["is_active": false]).json["is_active"] == false)
            try await #expect(ada.get("/auth/me").status == 401)
            try await #expect(admin.delete(path).status == 204)
            let made = try await admin.post("/users", json: ["email": "new@example.com", "password": "password123", "role": "admin"])
            #expect(made.json["role"] == "admin")
            _ = try await app.loggedIn("new@example.com", "password123")
            try await #expect(admin.post("/users", json: ["email": "x@example.com"]).faults == ["missing at body.name"])
            // A token that is not good is not a visitor's.
            try await #expect(app.client.with(token: "x").get("/users").status == 401)
        }
    }

    @Test func nobodyLogsInAsAnEntry() async throws {
        try await TestApp.run { app in
            _ = try await make(app.client, "Ada")
            for password in ["", "password123"] {
                let answer = try await app.client.post(
                    "/auth/login", json: ["username": "Ada@example.com", "password": .string(password)])
                #expect(answer.status == (password.isEmpty ? 422 : 401))
            }
        }
    }

    @Test func closedItIsTheAdministratorsAndTheTableOfRoutesSaysSo() async throws {
        #expect(AppConfiguration(for: .development).opensDirectory)
        #expect(!AppConfiguration(for: .production).opensDirectory)
        for isOpen in [true, false] {
            var configuration = AppConfiguration()
            configuration.opensDirectory = isOpen
            let routes = Routes.table(configuration).routes
            let list = try #require(routes.first { $0.method == .get && $0.label == "/users" })
            let versioned = try #require(routes.first { $0.method == .get && $0.label == "/api/v1/users" })
            #expect(list.access == (isOpen ? .optionalUser : .admin))
            #expect(versioned.access == .admin)
        }
    }

    // MARK: Lists

    @Test(arguments: TestSetup.overSockets)
    func listsArePagedBySkipAndByCursor(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            for name in ["a", "b", "c", "d", "e"] { _ = try await make(app.client, name) }
            let first = try await app.client.get("/users?limit=2")
            #expect(first.header("X-Total-Count") == "5")
            #expect(first.header("Link") == "</users?skip=2&limit=2>; rel=\"next\"")
            try await #expect(names(app.client, "?skip=2&limit=2") == ["c", "b"])
            try await #expect(names(app.client, "?skip=9") == [])
            var seen: [String] = []
            var target: String? = "/users?limit=2"
            while let next = target {
                let page = try await app.client.get(next)
                seen += (page.json.array ?? []).compactMap { $0["name"]?.string }
                target = page.header("X-Next-Cursor").map { "/users?limit=2&cursor=\($0)" }
            }
            #expect(seen == ["e", "d", "c", "b", "a"])
            let tag = try #require(first.header("ETag"))
            let again = try await app.client.get("/users?limit=2", ["If-None-Match": tag])
            #expect(again.status == 304)
            #expect(again.body.isEmpty)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func listsComeFromTheCacheUntilAUserChanges(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let visitor = app.client
            let id = try await make(visitor, "first")
            try await #expect(names(visitor) == ["first"])
            _ = try await app.services.database.execute(.write("UPDATE users SET name = 'changed in secret'"), [])
            try await #expect(names(visitor) == ["first"])
            // Other parameters: another entry.
            try await #expect(names(visitor, "?limit=9") == ["changed in secret"])
            _ = try await make(visitor, "second")
            try await #expect(names(visitor) == ["second", "changed in secret"])
            _ = try await visitor.put("/users/\(id)", json: ["name": "third"])
            try await #expect(names(visitor) == ["second", "third"])
            _ = try await visitor.delete("/users/\(id)")
            try await #expect(names(visitor) == ["second"])
            // What happens under /auth shows too.
            let ada = try await app.registered("ada")
            try await #expect(names(visitor) == ["-", "second"])
            _ = try await ada.patch("/auth/me", json: ["name": "Ada"])
            try await #expect(names(visitor) == ["Ada", "second"])
            _ = try await ada.delete("/auth/me")
            try await #expect(names(visitor) == ["second"])
            let admin = try await app.admin()
            _ = try await app.services.database.execute(.write("UPDATE users SET name = 'changed again'"), [])
            // Administrators see what is.
            try await #expect(names(admin) == ["changed again", "changed again"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whatARuleRefusesEmptiesNoCache(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let visitor = app.client
            let ada = try await app.registered("ada")
            let account = "/users/\(try #require(try await ada.get("/auth/me").json["id"]?.integer))"
            let entry = "/users/\(try await make(visitor, "first"))"
            try await #expect(names(visitor) == ["first", "-"])
            _ = try await app.services.database.execute(.write("UPDATE users SET name = 'changed in secret'"), [])
            let taken: JSONValue = ["name": "x", "email": "ada@example.com"]
            for (answer, status) in [
                (try await visitor.patch(account, json: ["name": "x"]), 403), (try await visitor.delete(account), 403),
                (try await visitor.patch("/users/4711", json: ["name": "x"]), 404), (try await visitor.patch(entry, json: taken), 409),
                (try await visitor.post("/users", json: taken), 409),
                (try await ada.patch("/auth/me", json: ["email": "first@example.com"]), 409),
                (try await visitor.post("/auth/register", json: ["email": "ada@example.com", "password": "password123"]), 409),
            ] {
                #expect(answer.status == status, "\(answer)")
            }
            try await #expect(names(visitor) == ["first", "-"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func theCacheNeverShowsWhatTheDatabaseRefused(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let id = try await make(app.client, "first")
            try await #expect(names(app.client) == ["first"])
            _ = try await app.services.database.execute(.write("ALTER TABLE audit_log RENAME TO audit_log_elsewhere"), [])
            try await #expect(app.client.post("/users", json: ["name": "b", "email": "b@example.com"]).status == 500)
            try await #expect(app.client.put("/users/\(id)", json: ["name": "b"]).status == 500)
            try await #expect(app.client.delete("/users/\(id)").status == 500)
            try await #expect(names(app.client) == ["first"])
        }
    }
}
