// Lists of tasks over HTTP: filters, pages, cache.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct TaskListTests {
    private func make(_ user: TestClient, _ tasks: JSONValue...) async throws {
        for task in tasks {
            let answer = try await user.post("/tasks", json: task)
            #expect(answer.status == 201, "\(answer)")
        }
    }

    private func titles(_ user: TestClient, _ query: String) async throws -> [String] {
        let answer = try await user.get("/tasks?\(query)")
        #expect(answer.status == 200, "\(answer)")
        let titles = (answer.json.array ?? []).compactMap { $0["title"]?.string }
        if answer.header("X-Total-Count") != nil, !query.contains("limit"), !query.contains("skip"), !query.contains("cursor") {
            #expect(answer.header("X-Total-Count") == String(titles.count), "\(query)")
        }
        return titles
    }

    // MARK: Filters

    @Test(arguments: TestSetup.all)
    func filtersNarrowTheListAndCombine(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            try await make(
                user, ["title": "a", "priority": "high"], ["title": "b", "priority": "high", "status": "completed"],
                ["title": "c", "status": "completed"], ["title": "d", "description": "has an A in it"])
            try await #expect(titles(user, "") == ["d", "c", "b", "a"])
            try await #expect(titles(user, "priority=high") == ["b", "a"])
            try await #expect(titles(user, "status=completed") == ["c", "b"])
            try await #expect(titles(user, "status=completed&priority=high") == ["b"])
            try await #expect(titles(user, "status=completed&priority=low") == [])
            try await #expect(titles(user, "search=a") == ["d", "a"])
            try await #expect(titles(user, "search=a&priority=high&status=pending") == ["a"])
            try await #expect(titles(user, "search=") == ["d", "c", "b", "a"])
            try await #expect(titles(user, "unknown=1") == ["d", "c", "b", "a"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func searchesAreNotPatterns(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            try await make(
                user, ["title": "100% sure"], ["title": "100 sure"], ["title": "snake_case"], ["title": "snake case"],
                ["title": "back\\slash"], ["title": "wow!"], ["title": "it's"])
            try await #expect(titles(user, "search=100%25") == ["100% sure"])
            try await #expect(titles(user, "search=%25") == ["100% sure"])
            try await #expect(titles(user, "search=_") == ["snake_case"])
            try await #expect(titles(user, "search=e_c") == ["snake_case"])
            try await #expect(titles(user, "search=%5C") == ["back\\slash"])
            try await #expect(titles(user, "search=!") == ["wow!"])
            try await #expect(titles(user, "search='") == ["it's"])
            try await #expect(titles(user, "search=%25%25") == [])
            try await #expect(titles(user, "search=SNAKE+CASE") == ["snake case"])
            try await #expect(titles(user, "search=snake%20case") == ["snake case"])
        }
    }

    @Test func faultyParametersAreListedTogether() async throws {
        try await TestApp.run { app in
            let user = try await app.registered()
            let answer = try await user.get("/tasks?skip=-1&limit=101&priority=huge&status=&cursor=x")
            #expect(answer.status == 422)
            #expect(
                answer.faults == [
                    "greater_than_equal at query.skip", "less_than_equal at query.limit", "enum at query.priority",
                    "enum at query.status", "value_error at query.cursor",
                ])
            try await #expect(user.get("/tasks?limit=0").status == 422)
            try await #expect(user.get("/tasks?limit=ten").faults == ["int_parsing at query.limit"])
        }
    }

    // MARK: Pages

    @Test(arguments: TestSetup.overSockets)
    func pagesAreCountedAndLinked(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            for number in 1...5 { try await make(user, ["title": .string("\(number)")]) }
            let middle = try await user.get("/tasks?skip=2&limit=2")
            #expect(middle.json.array?.compactMap { $0["title"]?.string } == ["3", "2"])
            #expect(middle.header("X-Total-Count") == "5")
            let link = try #require(middle.header("Link"))
            #expect(link.contains("</tasks?skip=4&limit=2>; rel=\"next\""))
            #expect(link.contains("</tasks?skip=0&limit=2>; rel=\"prev\""))
            let last = try await user.get("/tasks?skip=4&limit=2")
            #expect(last.header("Link")?.contains("rel=\"next\"") == false)
            let behind = try await user.get("/tasks?skip=50&limit=2")
            #expect(behind.text == "[]")
            #expect(behind.header("X-Total-Count") == "5")
            let all = try await user.get("/tasks")
            #expect(all.json.array?.count == 5)
            #expect(all.header("Link") == nil)
            #expect(all.header("X-Next-Cursor") == nil)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aCursorWalksThroughAllOfTheListOnce(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            for number in 1...5 { try await make(user, ["title": .string("\(number)"), "priority": number == 3 ? "low" : "high"]) }
            var page = try await user.get("/tasks?limit=2&priority=high")
            var seen = (page.json.array ?? []).compactMap { $0["title"]?.string }
            while let cursor = page.header("X-Next-Cursor") {
                // A row that comes in between does not shift the pages.
                try await make(user, ["title": "new", "priority": "high"])
                page = try await user.get("/tasks?limit=2&priority=high&cursor=\(cursor)")
                #expect(page.status == 200)
                seen += (page.json.array ?? []).compactMap { $0["title"]?.string }
                if page.header("X-Next-Cursor") != nil { #expect(page.header("Link")?.contains("cursor=") == true) }
            }
            #expect(seen == ["5", "4", "2", "1"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aHundredIsTheDefaultAndTheMost(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let owner = try #require(try await user.get("/auth/me").json["id"]?.integer)
            for number in 1...101 {
                _ = try await app.services.database.execute(
                    .write("INSERT INTO tasks (title, owner_id) VALUES ($1, $2)"), [.text("\(number)"), .int(Int64(owner))])
            }
            let page = try await user.get("/tasks")
            #expect(page.json.array?.count == 100)
            #expect(page.header("X-Total-Count") == "101")
            #expect(page.header("Link")?.contains("skip=100&limit=100") == true)
        }
    }

    // MARK: Cache

    @Test(arguments: TestSetup.all)
    func aListComesFromTheCacheUntilItsOwnerWrites(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            try await make(user, ["title": "first"])
            try await #expect(titles(user, "") == ["first"])
            // An answer does not wait for the cache to have it.
            let isKept = try await eventually(on: app.loop) {
                _ = try? await user.get("/tasks")
                return await app.services.cache.statistics().hits > 0
            }
            #expect(isKept)
            // Past the service, so that only the cache can still say the old thing.
            _ = try await app.services.database.execute(.write("UPDATE tasks SET title = 'changed in secret'"), [])
            try await #expect(titles(user, "") == ["first"])
            // Another page, another filter: another entry.
            try await #expect(titles(user, "limit=7") == ["changed in secret"])
            try await make(user, ["title": "second"])
            try await #expect(titles(user, "") == ["second", "changed in secret"])
            let id = try #require(try await user.get("/tasks").json.array?.first?["id"]?.integer)
            _ = try await user.patch("/tasks/\(id)", json: ["title": "third"])
            try await #expect(titles(user, "") == ["third", "changed in secret"])
            _ = try await user.delete("/tasks/\(id)")
            try await #expect(titles(user, "") == ["changed in secret"])
        }
    }

    @Test(arguments: TestSetup.all)
    func aWriteThatFailsForgetsTheListsToo(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let id = try #require(try await user.post("/tasks", json: ["title": "x"]).json["id"]?.integer)
            _ = try await app.services.database.execute(.write("ALTER TABLE tasks RENAME TO tasks_elsewhere"), [])
            let before = await app.services.cache.statistics().invalidations
            // Whether a write whose answer is an error has happened is not known in general.
            for answer in [
                try await user.post("/tasks", json: ["title": "y"]), try await user.patch("/tasks/\(id)", json: ["title": "z"]),
                try await user.delete("/tasks/\(id)"),
            ] {
                #expect(answer.status >= 500)
            }
            let after = await app.services.cache.statistics().invalidations
            #expect(after == before + 3)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func cachedListsAreNeverAnothersAndKeepTheirHeaders(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let ada = try await app.registered("ada")
            let bob = try await app.registered("bob")
            try await make(ada, ["title": "Ada's"], ["title": "Ada's too"])
            let fresh = try await ada.get("/tasks?limit=1")
            try await #expect(titles(bob, "limit=1") == [])
            let cached = try await ada.get("/tasks?limit=1")
            #expect(cached.body == fresh.body)
            for name in ["X-Total-Count", "Link", "ETag", "Content-Type", "X-Next-Cursor"] {
                #expect(cached.header(name) == fresh.header(name))
                #expect(cached.header(name) != nil, "\(name)")
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func parametersCannotImitateEachOtherInTheCache(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            try await make(user, ["title": "x|y"], ["title": "y", "priority": "low"])
            try await #expect(titles(user, "search=%7Cy") == ["x|y"])
            try await #expect(titles(user, "priority=low") == ["y"])
            try await #expect(titles(user, "search=low%7C") == [])
            try await #expect(titles(user, "search=y") == ["y", "x|y"])
        }
    }

    @Test func anUnchangedListIsNotSentAgain() async throws {
        try await TestApp.run { app in
            let user = try await app.registered()
            try await make(user, ["title": "x"])
            let tag = try #require(try await user.get("/tasks").header("ETag"))
            let again = try await user.get("/tasks", ["If-None-Match": tag])
            #expect(again.status == 304)
            #expect(again.body.isEmpty)
            #expect(again.header("ETag") == tag)
            try await make(user, ["title": "y"])
            try await #expect(user.get("/tasks", ["If-None-Match": tag]).status == 200)
        }
    }
}
