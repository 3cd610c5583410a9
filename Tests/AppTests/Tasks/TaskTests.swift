// One task at a time, over HTTP.

import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct TaskTests {
    @Test(arguments: TestSetup.all)
    func aTaskIsCreatedReadChangedAndDeleted(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let created = try await user.post(
                "/tasks",
                json: ["title": "Buy oat milk", "description": "two bottles", "priority": "high", "due_date": "2030-12-31T23:59:59+01:00"])
            #expect(created.status == 201)
            guard case .object(let task) = created.json else {
                Issue.record("no object: \(created)")
                return
            }
            #expect(
                task.members.map(\.name) == [
                    "id", "title", "description", "priority", "status", "due_date", "owner_id", "created_at", "updated_at",
                ])
            #expect(task["status"] == "pending")
            #expect(task["due_date"] == "2030-12-31T22:59:59Z")
            let id = try #require(task["id"]?.integer)
            try await #expect(user.get("/api/v1/tasks/\(id)").json == created.json)

            let put = try await user.put("/tasks/\(id)", json: ["status": "in_progress"])
            #expect(put.status == 200)
            #expect(put.json["status"] == "in_progress")
            #expect(put.json["title"] == "Buy oat milk")
            #expect(put.json["created_at"] == task["created_at"])
            let patched = try await user.patch("/api/v1/tasks/\(id)", json: ["description": nil, "due_date": nil, "title": "Buy milk"])
            #expect(patched.json["description"] == .null)
            #expect(patched.json["due_date"] == .null)
            #expect(patched.json["title"] == "Buy milk")
            #expect(patched.json["status"] == "in_progress")
            try await #expect(user.patch("/tasks/\(id)", json: [:]).json == patched.json)

            let deleted = try await user.delete("/tasks/\(id)")
            #expect(deleted.status == 200)
            #expect(deleted.text == "{\"message\":\"Task deleted successfully\"}")
            for answer in [
                try await user.get("/tasks/\(id)"), try await user.patch("/tasks/\(id)", json: ["title": "x"]),
                try await user.patch("/tasks/\(id)", json: [:]), try await user.delete("/tasks/\(id)"),
            ] {
                #expect(answer.status == 404)
                #expect(answer.code == "TASK_NOT_FOUND")
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aTitleIsAllThatIsNeeded(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let task = try await user.post("/tasks", json: ["title": "x"]).json
            #expect(task["priority"] == "medium")
            #expect(task["status"] == "pending")
            #expect(task["description"] == .null)
            #expect(task["due_date"] == .null)
            let owner = try await user.get("/auth/me").json["id"]
            #expect(task["owner_id"] == owner)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func textsOfFullLengthAndAnyScriptSurvive(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let title = String(repeating: "🗓", count: 200)
            let description = String(repeating: "ß\"\\\n\u{1}", count: 1_000)
            let created = try await user.post("/tasks", json: ["title": .string(title), "description": .string(description)])
            #expect(created.status == 201)
            let id = try #require(created.json["id"]?.integer)
            let task = try await user.get("/tasks/\(id)").json
            #expect(task["title"] == .string(title))
            #expect(task["description"] == .string(description))
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func datesAreReadAsFastAPIReadsThem(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let dates: [(JSONValue, JSONValue)] = [
                ("2026-12-31", "2026-12-31T00:00:00Z"), ("2026-12-31T23:59:59", "2026-12-31T23:59:59Z"),
                ("2026-12-31T23:59:59Z", "2026-12-31T23:59:59Z"), ("2026-12-31 23:59", "2026-12-31T23:59:00Z"),
                ("2026-12-31T23:59:59.123456-08:00", "2027-01-01T07:59:59.123456Z"), (1_798_761_599, "2026-12-31T23:59:59Z"),
                ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"), ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
                (.null, .null),
            ]
            for (sent, shown) in dates {
                let answer = try await user.post("/tasks", json: ["title": "x", "due_date": sent])
                #expect(answer.status == 201, "\(answer)")
                #expect(answer.json["due_date"] == shown)
                let id = try #require(answer.json["id"]?.integer)
                try await #expect(user.get("/tasks/\(id)").json["due_date"] == shown)
            }
            let faulty: [JSONValue] = [
                "tomorrow", "2026-02-30", "2026-12-31T25:00:00Z", "", true, [:], "0001-01-01T00:00:00+23:00",
                "9999-12-31T23:59:59-23:00", 99_999_999_999_999_999,
            ]
            for sent in faulty {
                let answer = try await user.post("/tasks", json: ["title": "x", "due_date": sent])
                #expect(answer.status == 422, "\(sent)")
            }
        }
    }

    @Test func everyFaultIsListedAndNothingIsAssignedBehindOnesBack() async throws {
        try await TestApp.run { app in
            let user = try await app.registered()
            let answer = try await user.post(
                "/tasks",
                json: [
                    "title": "", "description": 7, "priority": "huge", "status": "done", "due_date": "soon", "owner_id": 1, "id": 9,
                    "role": "admin", "is_admin": true,
                ])
            #expect(answer.status == 422)
            #expect(
                answer.faults == [
                    "string_too_short at body.title", "string_type at body.description", "enum at body.priority",
                    "enum at body.status", "datetime_from_date_parsing at body.due_date", "extra_forbidden at body.owner_id",
                    "extra_forbidden at body.id", "extra_forbidden at body.role", "extra_forbidden at body.is_admin",
                ])
            let id = try #require(try await user.post("/tasks", json: ["title": "x"]).json["id"]?.integer)
            let update = try await user.put(
                "/tasks/\(id)", json: ["title": nil, "priority": nil, "owner_id": 2, "created_at": "2020-01-01"])
            #expect(
                update.faults == [
                    "string_type at body.title", "enum at body.priority", "extra_forbidden at body.owner_id",
                    "extra_forbidden at body.created_at",
                ])
            let long = try await user.post(
                "/tasks",
                json: ["title": .string(String(repeating: "x", count: 201)), "description": .string(String(repeating: "x", count: 5_001))])
            #expect(long.faults == ["string_too_long at body.title", "string_too_long at body.description"])
            let nul = try await user.post("/tasks", json: ["title": "a\u{0}b"])
            #expect(nul.faults == ["value_error at body.title"])
            let both = try await user.patch("/tasks/x", json: ["title": ""])
            #expect(both.faults == ["int_parsing at path.task_id", "string_too_short at body.title"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func anothersTaskDoesNotExistExceptForAdministrators(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let owner = try await app.registered("ada")
            let stranger = try await app.registered("bob")
            let admin = try await app.admin()
            let created = try await owner.post("/tasks", json: ["title": "private"])
            let id = try #require(created.json["id"]?.integer)
            for answer in [
                try await stranger.get("/tasks/\(id)"), try await stranger.put("/tasks/\(id)", json: ["title": "mine"]),
                try await stranger.patch("/tasks/\(id)", json: [:]), try await stranger.delete("/tasks/\(id)"),
            ] {
                #expect(answer.status == 404)
                #expect(answer.code == "TASK_NOT_FOUND")
                #expect(!answer.text.contains("private"))
            }
            try await #expect(stranger.get("/tasks").json == [])
            try await #expect(admin.get("/tasks").json == [])
            try await #expect(admin.get("/tasks/\(id)").json == created.json)
            // The owner's cached list learns of what an administrator does.
            try await #expect(owner.get("/tasks").json.array?.first?["title"] == "private")
            try await #expect(admin.patch("/tasks/\(id)", json: ["title": "seen"]).json["owner_id"] == created.json["owner_id"])
            try await #expect(owner.get("/tasks").json.array?.first?["title"] == "seen")
            try await #expect(admin.delete("/tasks/\(id)").status == 200)
            try await #expect(owner.get("/tasks").json == [])
        }
    }

    @Test func idsBeyondEveryTaskAreNotFoundAndNoNumbersAreFaults() async throws {
        try await TestApp.run { app in
            let user = try await app.registered()
            for id in ["0", "-1", "9223372036854775807", "-9223372036854775808", "007"] {
                try await #expect(user.get("/tasks/\(id)").status == 404, "\(id)")
            }
            for id in ["x", "1.5", "9223372036854775808", "1e3", "%31x"] {
                let answer = try await user.get("/tasks/\(id)")
                #expect(answer.status == 422, "\(id)")
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func statisticsCountInTotalByStatusByPriorityAndOverdue(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered("ada")
            let stranger = try await app.registered("bob")
            try await #expect(stranger.post("/tasks", json: ["title": "not hers"]).status == 201)
            let empty = """
                {"total":0,"by_status":{"pending":0,"in_progress":0,"completed":0,"cancelled":0},\
                "by_priority":{"low":0,"medium":0,"high":0,"urgent":0},"overdue":0}
                """
            try await #expect(user.get("/tasks/statistics").text == empty)
            let tasks: [JSONValue] = [
                ["title": "a", "due_date": "2020-01-01"],
                ["title": "b", "due_date": "2020-01-01", "status": "in_progress", "priority": "urgent"],
                ["title": "c", "due_date": "2020-01-01", "status": "completed", "priority": "urgent"],
                ["title": "d", "due_date": "2020-01-01", "status": "cancelled", "priority": "low"],
                ["title": "e", "due_date": "2999-01-01", "priority": "high"],
            ]
            for task in tasks { try await #expect(user.post("/tasks", json: task).status == 201) }
            let statistics = try await user.get("/api/v1/tasks/statistics")
            #expect(
                statistics.text == """
                    {"total":5,"by_status":{"pending":2,"in_progress":1,"completed":1,"cancelled":1},\
                    "by_priority":{"low":1,"medium":1,"high":1,"urgent":2},"overdue":2}
                    """)
        }
    }

    @Test func everyRouteAsksForAToken() async throws {
        try await TestApp.run { app in
            for answer in [
                try await app.client.get("/tasks"), try await app.client.get("/tasks/statistics"), try await app.client.get("/tasks/1"),
                try await app.client.post("/tasks", json: ["title": "x"]), try await app.client.put("/tasks/1", json: [:]),
                try await app.client.patch("/tasks/1", json: [:]), try await app.client.delete("/tasks/1"),
            ] {
                #expect(answer.status == 401)
                #expect(answer.header("WWW-Authenticate") == "Bearer")
            }
        }
    }
}
