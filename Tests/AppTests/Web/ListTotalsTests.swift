// Totals of lists: counted once, and again after a write.

import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct ListTotalsTests {
    private func total(_ client: TestClient, _ target: String) async throws -> String? {
        try await client.get(target).header("X-Total-Count")
    }

    @Test(arguments: TestSetup.overSockets)
    func postsAreCountedAgainWhenOneComesOrGoes(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let ada = try await app.registered("ada")
            let bob = try await app.registered("bob")
            for user in [ada, bob, bob] {
                let id = try #require(try await user.get("/auth/me").json["id"]?.integer)
                let post: JSONValue = ["user_id": .number(JSONNumber(Int64(id))), "title": "t", "content": "c"]
                try await #expect(user.post("/posts", json: post).status == 201)
            }
            try await #expect(total(ada, "/posts?limit=1") == "3")
            try await #expect(total(ada, "/posts/stats?limit=1") == "2")
            let first = try #require(try await bob.get("/posts?limit=1").json.array?.first?["id"]?.integer)
            try await #expect(bob.delete("/posts/\(first)").status == 204)
            try await #expect(total(ada, "/posts?limit=1") == "2")
            // With their author go the posts.
            try await #expect(bob.delete("/auth/me").status == 204)
            try await #expect(total(ada, "/posts?limit=1") == "1")
            try await #expect(total(ada, "/posts?limit=1&skip=5") == "1")
            try await #expect(total(ada, "/posts/stats?limit=1&skip=5") == "1")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func usersAreCountedAgainWhenOneComesOrGoes(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let admin = try await app.admin()
            let ada = try await app.registered("ada")
            try await #expect(total(admin, "/api/v1/users?limit=1") == "2")
            let bob = try await app.registered("bob")
            try await #expect(total(admin, "/api/v1/users?limit=1") == "3")
            try await #expect(admin.get("/api/v1/users/stats").json["total_users"]?.integer == 3)
            try await #expect(bob.delete("/auth/me").status == 204)
            try await #expect(total(admin, "/api/v1/users?limit=1") == "2")
            try await #expect(admin.get("/api/v1/users/stats").json["total_users"]?.integer == 2)
            try await #expect(ada.get("/auth/me").status == 200)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aSearchsPagesShareOneCount(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered("ada")
            for title in ["one oat", "two oats", "rye", "three oats"] {
                try await #expect(user.post("/tasks", json: ["title": .string(title)]).status == 201)
            }
            try await #expect(total(user, "/tasks?search=OAT&limit=2") == "3")
            try await #expect(total(user, "/tasks?search=OAT&limit=1&skip=1") == "3")
            try await #expect(total(user, "/tasks?search=oat&limit=9&skip=50") == "3")
            try await #expect(total(user, "/tasks?search=oats&limit=9") == "2")
            try await #expect(user.post("/tasks", json: ["title": "oat"]).status == 201)
            try await #expect(total(user, "/tasks?search=OAT&limit=2") == "4")
        }
    }
}
