// Posts over HTTP, with an open directory and a closed one.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct PostTests {
    private func userID(of user: TestClient) async throws -> Int {
        try #require(try await user.get("/auth/me").json["id"]?.integer)
    }

    /// A row without credentials.
    private func entry(_ app: TestApp, _ name: String = "alice") async throws -> Int {
        let answer = try await app.client.post("/users", json: ["name": .string(name), "email": .string("\(name)@example.org")])
        return try #require(answer.json["id"]?.integer, "\(answer)")
    }

    private func post(by user: Int, _ title: String) -> JSONValue {
        ["user_id": .number(JSONNumber(user)), "title": .string(title), "content": "words"]
    }

    private func titles(_ client: TestClient, _ query: String = "") async throws -> [String] {
        let answer = try await client.get("/posts?\(query)")
        #expect(answer.status == 200, "\(answer)")
        return (answer.json.array ?? []).compactMap { $0["title"]?.string }
    }

    // MARK: Open

    @Test(arguments: TestSetup.all)
    func anOpenDirectoryAsksForNoToken(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await entry(app)
            let created = try await app.client.post("/posts", json: post(by: user, "Hello"))
            #expect(created.status == 201)
            guard case .object(let object) = created.json else {
                Issue.record("no object: \(created)")
                return
            }
            #expect(object.members.map(\.name) == ["id", "user_id", "title", "content", "created_at"])
            let id = try #require(object["id"]?.integer)
            try await #expect(app.client.get("/posts/\(id)/").json == created.json)
            let put = try await app.client.put("/posts/\(id)", json: ["title": "Hello again"])
            #expect(put.status == 200)
            #expect(put.json["title"] == "Hello again")
            #expect(put.json["content"] == "words")
            #expect(put.json["created_at"] == object["created_at"])
            try await #expect(app.client.put("/posts/\(id)", json: [:]).json == put.json)
            try await #expect(app.client.put("/posts/\(id)", json: post(by: user, "Whole")).json["title"] == "Whole")
            let deleted = try await app.client.delete("/posts/\(id)")
            #expect(deleted.status == 204)
            for answer in [
                try await app.client.get("/posts/\(id)"), try await app.client.put("/posts/\(id)", json: ["title": "x"]),
                try await app.client.delete("/posts/\(id)"),
            ] {
                #expect(answer.status == 404)
                #expect(answer.code == "POST_NOT_FOUND")
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aPostOfNobodyIsRefusedAndLeavesNothing(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await entry(app)
            let kept = try await app.client.post("/posts", json: post(by: user, "Hello"))
            let id = try #require(kept.json["id"]?.integer)
            for nobody in [0, -1, 4_711, Int.max, Int.min] {
                for answer in [
                    try await app.client.post("/posts", json: post(by: nobody, "x")),
                    try await app.client.put("/posts/\(id)", json: ["user_id": .number(JSONNumber(nobody)), "title": "x"]),
                ] {
                    #expect(answer.status == 400, "\(nobody)")
                    #expect(answer.code == "UNKNOWN_USER")
                }
            }
            try await #expect(app.client.get("/posts").json == [kept.json])
        }
    }

    @Test func everyFaultIsListedWithItsPlace() async throws {
        try await TestApp.run { app in
            let answer = try await app.client.post(
                "/posts", json: ["user_id": "x", "title": "", "content": 5, "id": 1, "created_at": "2020-01-01"])
            #expect(answer.status == 422)
            #expect(
                answer.faults == [
                    "int_parsing at body.user_id", "string_too_short at body.title", "string_type at body.content",
                    "extra_forbidden at body.id", "extra_forbidden at body.created_at",
                ])
            try await #expect(
                app.client.post("/posts", json: [:]).faults
                    == ["missing at body.user_id", "missing at body.title", "missing at body.content"])
            let long: JSONValue = [
                "user_id": 1, "title": .string(String(repeating: "x", count: 201)),
                "content": .string(String(repeating: "x", count: 50_001)),
            ]
            try await #expect(
                app.client.post("/posts", json: long).faults == ["string_too_long at body.title", "string_too_long at body.content"])
            try await #expect(
                app.client.get("/posts?user_id=x&skip=-1&limit=0").faults
                    == ["int_parsing at query.user_id", "greater_than_equal at query.skip", "greater_than_equal at query.limit"])
            try await #expect(app.client.get("/posts/x").faults == ["int_parsing at path.post_id"])
            try await #expect(app.client.put("/posts/1", json: ["title": nil]).faults == ["string_type at body.title"])
        }
    }

    /// What visitors may not do to somebody's row under /users, they may not do in that name here.
    @Test(arguments: TestSetup.all)
    func visitorsWriteInTheNamesOfRowsWithoutCredentialsOnly(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let ada = try await app.registered("ada")
            let admin = try await app.admin()
            let nobody = try await entry(app)
            let accounts = [try await userID(of: ada), try await userID(of: admin)]
            // A row with rights is no entry either, though nobody logs in with it.
            let bare = try await entry(app, "bare")
            _ = try await app.services.database.execute(.write("UPDATE users SET role = 'admin' WHERE id = $1"), [.int(Int64(bare))])
            let mine = try await ada.post("/posts", json: post(by: accounts[0], "Ada's"))
            #expect(mine.status == 201)
            let path = "/posts/\(try #require(mine.json["id"]?.integer))"
            let open = try await app.client.post("/posts", json: post(by: nobody, "anybody's"))
            let openPath = "/posts/\(try #require(open.json["id"]?.integer))"
            var refused = [
                try await app.client.put(path, json: ["title": "x"]), try await app.client.put(path, json: [:]),
                try await app.client.put(path, json: post(by: nobody, "x")), try await app.client.delete(path),
            ]
            for account in accounts + [bare] {
                refused.append(try await app.client.post("/posts", json: post(by: account, "x")))
                refused.append(try await app.client.put(openPath, json: post(by: account, "x")))
            }
            for answer in refused {
                #expect(answer.status == 403)
                #expect(answer.code == "ACCOUNT_PROTECTED")
            }
            try await #expect(app.client.get(path).json == mine.json)
            try await #expect(app.client.get(openPath).json == open.json)
            try await #expect(titles(app.client) == ["anybody's", "Ada's"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aTokenOpensOnesOwnPostsInAnOpenDirectory(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let ada = try await app.registered("ada")
            let bob = try await app.registered("bob")
            let admin = try await app.admin()
            let (adaID, bobID, nobody) = (try await userID(of: ada), try await userID(of: bob), try await entry(app))
            let path = "/posts/\(try #require(try await ada.post("/posts", json: post(by: adaID, "Ada's")).json["id"]?.integer))"
            for answer in [
                try await bob.put(path, json: ["title": "x"]), try await bob.delete(path),
                try await bob.post("/posts", json: post(by: adaID, "x")),
                try await ada.put(path, json: ["user_id": .number(JSONNumber(bobID))]),
            ] {
                #expect(answer.status == 403)
            }
            try await #expect(ada.put(path, json: ["title": "Still Ada's"]).json["title"] == "Still Ada's")
            try await #expect(bob.post("/posts", json: post(by: nobody, "nobody's")).status == 201)
            try await #expect(admin.put(path, json: post(by: bobID, "Bob's")).json["user_id"]?.integer == bobID)
            try await #expect(ada.delete(path).status == 403)
            try await #expect(admin.post("/posts", json: post(by: adaID, "in her name")).status == 201)
            try await #expect(bob.put(path, json: ["user_id": .number(JSONNumber(nobody))]).json["user_id"]?.integer == nobody)
            try await #expect(app.client.delete(path).status == 204)
        }
    }

    // MARK: Lists

    @Test(arguments: TestSetup.overSockets)
    func listsAreNewestFirstPagedAndOfOneUserWhereAskedFor(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let ada = try await entry(app, "ada")
            let bob = try await entry(app, "bob")
            for number in 1...5 {
                try await #expect(app.client.post("/posts", json: post(by: number == 3 ? bob : ada, "\(number)")).status == 201)
            }
            try await #expect(titles(app.client) == ["5", "4", "3", "2", "1"])
            try await #expect(titles(app.client, "user_id=\(bob)") == ["3"])
            try await #expect(titles(app.client, "user_id=4711") == [])
            let page = try await app.client.get("/posts?user_id=\(ada)&skip=1&limit=2")
            #expect(page.json.array?.compactMap { $0["title"]?.string } == ["4", "2"])
            #expect(page.header("X-Total-Count") == "4")
            #expect(page.header("Link")?.contains("</posts?user_id=\(ada)&skip=3&limit=2>; rel=\"next\"") == true)
            try await #expect(app.client.get("/posts?skip=9").header("X-Total-Count") == "5")
            let tag = try #require(page.header("ETag"))
            try await #expect(
                app.client.get("/posts?user_id=\(ada)&skip=1&limit=2", ["If-None-Match": tag]).status == 304)

            var seen: [String] = []
            var next = "limit=2&user_id=\(ada)"
            while true {
                let page = try await app.client.get("/posts?\(next)")
                seen += (page.json.array ?? []).compactMap { $0["title"]?.string }
                guard let cursor = page.header("X-Next-Cursor") else { break }
                // A row that comes in between does not shift the pages.
                _ = try await app.client.post("/posts", json: post(by: ada, "new"))
                next = "limit=2&user_id=\(ada)&cursor=\(cursor)"
            }
            #expect(seen == ["5", "4", "2", "1"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func statisticsCountPostsPerUser(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            try await #expect(app.client.get("/posts/stats").text == "[]")
            let ada = try await entry(app, "ada")
            let bob = try await entry(app, "bob")
            _ = try await entry(app, "carl")
            for author in [ada, bob, ada] { _ = try await app.client.post("/posts", json: post(by: author, "x")) }
            let all = try await app.client.get("/posts/stats/")
            #expect(all.text == "[{\"user_id\":\(ada),\"post_count\":2},{\"user_id\":\(bob),\"post_count\":1}]")
            #expect(all.header("X-Total-Count") == "2")
            let first = try await app.client.get("/posts/stats?limit=1")
            #expect(first.text == "[{\"user_id\":\(ada),\"post_count\":2}]")
            let cursor = try #require(first.header("X-Next-Cursor"))
            for query in ["limit=1&cursor=\(cursor)", "limit=1&skip=1"] {
                let second = try await app.client.get("/posts/stats?\(query)")
                #expect(second.text == "[{\"user_id\":\(bob),\"post_count\":1}]")
                #expect(second.header("X-Total-Count") == "2")
            }
            try await #expect(app.client.get("/posts/stats?skip=7").header("X-Total-Count") == "2")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whoeverGoesTakesTheirPostsAlong(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let ada = try await app.registered("ada")
            _ = try await ada.post("/posts", json: post(by: userID(of: ada), "x"))
            try await #expect(titles(app.client) == ["x"])
            try await #expect(ada.delete("/auth/me").status < 300)
            try await #expect(titles(app.client) == [])
        }
    }

    // MARK: Closed

    @Test(arguments: TestSetup.all)
    func aClosedDirectoryLetsUsersWriteTheirOwn(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: { $0.opensDirectory = false }) { app in
            let ada = try await app.registered("ada")
            let bob = try await app.registered("bob")
            let admin = try await app.admin()
            let (adaID, bobID) = (try await userID(of: ada), try await userID(of: bob))
            let created = try await ada.post("/posts", json: post(by: adaID, "Ada's"))
            #expect(created.status == 201)
            let id = try #require(created.json["id"]?.integer)
            try await #expect(bob.get("/posts/\(id)").json == created.json)
            try await #expect(titles(bob, "user_id=\(adaID)") == ["Ada's"])
            for answer in [
                try await bob.post("/posts", json: post(by: adaID, "not hers")), try await bob.post("/posts", json: post(by: 4_711, "x")),
                try await bob.put("/posts/\(id)", json: ["title": "x"]), try await bob.put("/posts/\(id)", json: [:]),
                try await bob.delete("/posts/\(id)"), try await ada.put("/posts/\(id)", json: ["user_id": .number(JSONNumber(bobID))]),
            ] {
                #expect(answer.status == 403)
                #expect(answer.code == "NOT_THE_AUTHOR")
            }
            try await #expect(ada.put("/posts/\(id)", json: post(by: adaID, "Still Ada's")).json["title"] == "Still Ada's")
            try await #expect(admin.put("/posts/\(id)", json: post(by: bobID, "Bob's")).json["user_id"]?.integer == bobID)
            try await #expect(ada.delete("/posts/\(id)").status == 403)
            try await #expect(bob.delete("/posts/\(id)").status == 204)
            try await #expect(bob.delete("/posts/\(id)").status == 404)
            try await #expect(admin.post("/posts", json: post(by: adaID, "in her name")).status == 201)
            try await #expect(admin.post("/posts", json: post(by: 4_711, "x")).code == "UNKNOWN_USER")
        }
    }

    /// Under /api/v1 it always is closed, at the root where the configuration says so.
    @Test(arguments: [("", false), ("/api/v1", false), ("/api/v1", true)])
    func aClosedDirectoryAsksForAToken(_ prefix: String, _ isOpen: Bool) async throws {
        try await TestApp.run(configure: { $0.opensDirectory = isOpen }) { app in
            for answer in [
                try await app.client.get("\(prefix)/posts"), try await app.client.get("\(prefix)/posts/stats"),
                try await app.client.get("\(prefix)/posts/1"), try await app.client.put("\(prefix)/posts/1", json: [:]),
                try await app.client.delete("\(prefix)/posts/1"), try await app.client.post("\(prefix)/posts", json: post(by: 1, "x")),
            ] {
                #expect(answer.status == 401)
                #expect(answer.header("WWW-Authenticate") == "Bearer")
            }
        }
    }

    @Test func aTokenThatIsNoneIsRefusedInAnOpenDirectoryToo() async throws {
        try await TestApp.run { app in
            try await #expect(app.client.with(token: "x").get("/posts").status == 401)
        }
    }
}
