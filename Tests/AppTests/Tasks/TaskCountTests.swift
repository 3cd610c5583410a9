// Counters of tasks: who gets them, and that they are what counting would find. Real databases.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct TaskCountTests {
    private static let many = TaskCountRepository.maxCounted + 1

    private func insert(_ count: Int, ofOwner owner: Int64, _ executor: any SQLExecutor) async throws {
        _ = try await executor.execute(
            .write(
                """
                WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < \(count))
                INSERT INTO tasks (title, priority, status, owner_id)
                SELECT 'Task ' || n, CASE WHEN n % 3 = 0 THEN 'high' ELSE 'low' END,
                    CASE WHEN n % 2 = 0 THEN 'completed' ELSE 'pending' END, CAST($1 AS bigint) FROM numbers
                """), [.int(owner)])
    }

    /// Rows of counters, and how many of them are not what counting finds.
    private func counters(_ executor: any SQLExecutor) async throws -> [Int64] {
        let row = try await executor.execute(
            .read(
                """
                SELECT (SELECT count(*) FROM task_counts), (SELECT count(*) FROM task_counts c WHERE tasks <> (
                    SELECT count(*) FROM tasks t
                    WHERE t.owner_id = c.owner_id AND t.status = c.status AND t.priority = c.priority))
                """), []
        ).first
        return [try row?.int(0) ?? -1, try row?.int(1) ?? -1]
    }

    @Test(arguments: TestSetup.overSockets)
    func manyTasksGetCountersThatFollowEveryChange(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered("ada")
            let owner = Int64(try #require(try await user.get("/auth/me").json["id"]?.integer))
            let database = app.services.database
            try await insert(TaskCountTests.many, ofOwner: owner, database)
            try await #expect(user.get("/tasks?limit=1").header("X-Total-Count") == "\(TaskCountTests.many)")
            try await #expect(counters(database) == [16, 0])

            let id = try #require(try await user.post("/tasks", json: ["title": "new", "priority": "urgent"]).json["id"]?.integer)
            try await #expect(user.get("/tasks?limit=1").header("X-Total-Count") == "\(TaskCountTests.many + 1)")
            try await #expect(user.get("/tasks?limit=1&priority=urgent&status=pending").header("X-Total-Count") == "1")
            _ = try await user.patch("/tasks/\(id)", json: ["status": "completed", "title": "newer"])
            try await #expect(user.get("/tasks?priority=urgent&status=pending").header("X-Total-Count") == "0")
            try await #expect(user.get("/tasks?limit=1&priority=urgent").header("X-Total-Count") == "1")
            _ = try await app.admin().patch("/tasks/\(id)", json: ["priority": "medium"])
            try await #expect(counters(database) == [16, 0])
            try await #expect(user.get("/tasks/statistics").json["by_priority"]?["medium"]?.integer == 1)
            _ = try await user.delete("/tasks/\(id)")
            let statistics = try await user.get("/tasks/statistics").json
            #expect(statistics["total"]?.integer == TaskCountTests.many)
            #expect(statistics["by_status"]?["completed"]?.integer == TaskCountTests.many / 2)
            try await #expect(counters(database) == [16, 0])

            try await #expect(user.delete("/auth/me").status == 204)
            try await #expect(counters(database) == [0, 0])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func fewTasksAreCounted(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered("ada")
            let owner = Int64(try #require(try await user.get("/auth/me").json["id"]?.integer))
            try await insert(TaskCountRepository.maxCounted, ofOwner: owner, app.services.database)
            try await #expect(user.get("/tasks?limit=1").header("X-Total-Count") == "\(TaskCountRepository.maxCounted)")
            try await #expect(user.get("/tasks/statistics").json["total"]?.integer == TaskCountRepository.maxCounted)
            try await #expect(counters(app.services.database) == [0, 0])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func statisticsAloneGetCountersToo(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered("ada")
            let owner = Int64(try #require(try await user.get("/auth/me").json["id"]?.integer))
            try await insert(TaskCountTests.many, ofOwner: owner, app.services.database)
            try await #expect(user.get("/tasks/statistics").json["total"]?.integer == TaskCountTests.many)
            try await #expect(counters(app.services.database) == [16, 0])
        }
    }

    @Test(arguments: TestDatabase.available)
    func countingBeginsWhileTasksChange(_ backend: TestDatabase) async throws {
        try await backend.withPools(2) { pools in
            try await Migrator(pool: pools[0]).up()
            try await pools[0].script("INSERT INTO users (id, email) VALUES (1, 'a@example.com'), (2, 'b@example.com')")
            try await insert(100, ofOwner: 1, pools[0])
            try await insert(100, ofOwner: 2, pools[0])
            let changing = Task(executorPreference: pools[1].loop) {
                for number in 1...60 {
                    try await pools[1].withTransaction { transaction in
                        try await self.insert(2, ofOwner: Int64(1 + number % 2), transaction)
                        for statement in [
                            "DELETE FROM tasks WHERE id = \(number * 3)",
                            "UPDATE tasks SET status = 'cancelled' WHERE id = \(number * 3 + 1)",
                            "UPDATE tasks SET owner_id = 1 WHERE id = \(number + 100)",
                        ] { _ = try await transaction.execute(.write(statement), []) }
                    }
                }
            }
            for owner in [Int64(1), 2, 1] {
                try await pools[0].withTransaction { try await TaskCountRepository.begin(ofOwner: owner, in: $0) }
            }
            try await changing.value
            try await #expect(counters(pools[0]) == [32, 0])
        }
    }
}
