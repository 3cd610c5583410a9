// Batches on PostgreSQL when things go wrong: killed connections, limits, a transaction that fails in the middle.

import Actors
import Reactor
import TestSupport
import Testing

@Suite(.enabled(if: TestDatabase.hasPostgres)) struct PostgresBatchTests {
    @Test func readsWhoseConnectionIsKilledAreRunOnceMore() async throws {
        // Two connections: a pool that has lost its only one, made a moment ago, waits before it asks for another.
        try await TestDatabase.postgres.withPools(2, configure: { $0.sharedConnections = 2 }) { pools in
            let victim = pools[0]
            await victim.start()
            try await #expect(eventually(on: victim.loop) { await victim.statistics.size == 2 })
            let mark = "mark_\(UInt32.random(in: 0 ... .max))"
            let sleeping = SQLStatement.read("SELECT $1::int AS \(mark), pg_sleep(0.05)")
            let task = Task(executorPreference: victim.loop) {
                try await victim.execute(sleeping, batch: (0..<10).map { [.int($0)] })
            }
            let kill = SQLStatement.write(
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE pid <> pg_backend_pid() AND state = 'active' AND query LIKE '%' || $1 || '%'
                """)
            try await #expect(
                eventually(on: victim.loop) { (try? await pools[1].execute(kill, [.text(mark)])[0].int(0)) == 1 })
            let results = try await task.value
            try #expect(results.map { try $0.get()[0].int(0) } == Array(0..<10))
        }
    }

    @Test func writesWhoseConnectionIsKilledAreNotRunAgain() async throws {
        try await TestDatabase.postgres.withPool { pool in
            try await pool.script("CREATE TABLE marks (n int)")
            // The third one kills its own connection; the two before it have committed.
            let insert = SQLStatement.write(
                """
                INSERT INTO marks SELECT $1::int
                FROM pg_terminate_backend(CASE WHEN $1::int = 2 THEN pg_backend_pid() ELSE 0 END),
                    pg_sleep(CASE WHEN $1::int = 2 THEN 1 ELSE 0 END)
                """)
            let results = try await pool.execute(insert, batch: (0..<5).map { [.int($0)] })
            try #expect(results[0].get().affectedRows == 1)
            try #expect(results[1].get().affectedRows == 1)
            for result in results[2...] {
                guard case .failure(.connectionLost(commitUnknown: true)) = result else {
                    Issue.record("\(result)")
                    continue
                }
            }
            try await #expect(eventually(on: pool.loop) { (try? await pool.execute(.read("SELECT 1"), [])) != nil })
            let kept = try await pool.execute(.read("SELECT n FROM marks ORDER BY n"), [])
            try #expect(kept.map { try $0.int(0) } == [0, 1])
        }
    }

    @Test func aBatchThatIsLargerThanTheLimitIsRefusedWhole() async throws {
        try await TestDatabase.postgres.withPool(configure: { $0.maxStatementsInFlight = 10 }) { pool in
            try await pool.script("CREATE TABLE marks (n int)")
            let insert = SQLStatement.write("INSERT INTO marks VALUES ($1)")
            let error = await #expect(throws: DatabaseError.self) {
                try await pool.execute(insert, batch: (0..<11).map { [.int($0)] })
            }
            guard case .unavailable? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try await #expect(pool.execute(.read("SELECT count(*) FROM marks"), [])[0].int(0) == 0)
            #expect(try await pool.execute(insert, batch: (0..<10).map { [.int($0)] }).count == 10)
        }
    }

    @Test func batchesOfManyCallersShareThePipeline() async throws {
        try await TestDatabase.postgres.withPool { pool in
            let sums = try await withThrowingTaskGroup(of: Int64.self) { group in
                for caller in 0..<20 {
                    group.addTask(executorPreference: pool.loop) {
                        let numbers = (0..<50).map { [SQLValue.int(Int64(caller * 50 + $0))] }
                        return try await pool.execute(.read("SELECT $1::int"), batch: numbers).reduce(0) { try $0 + $1.get()[0].int(0) }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(sums.reduce(0, +) == 499_500)
            #expect(await pool.statistics.size == 1)
        }
    }

    @Test func behindAFailureInATransactionNothingRuns() async throws {
        try await TestDatabase.postgres.withPool { pool in
            try await pool.script("CREATE TABLE marks (n int PRIMARY KEY)")
            await #expect(throws: DatabaseError.self) {
                try await pool.withTransaction { transaction in
                    let results = try await transaction.execute(
                        .write("INSERT INTO marks VALUES ($1)"), batch: [[.int(1)], [.int(1)], [.int(2)]])
                    #expect((try? results[0].get()) != nil)
                    guard case .failure(.constraint(.unique, _)) = results[1],
                        case .failure(.statement(sqlState: "25P02", _)) = results[2]
                    else {
                        Issue.record("\(results)")
                        return
                    }
                }
            }
            try await #expect(pool.execute(.read("SELECT count(*) FROM marks"), [])[0].int(0) == 0)
        }
    }
}
