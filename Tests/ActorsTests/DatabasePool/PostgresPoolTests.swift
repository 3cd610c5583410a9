// The pool on PostgreSQL when things go wrong: killed and silent servers, collisions, slow neighbours.

import Actors
import Reactor
import TestSupport
import Testing

@Suite(.enabled(if: TestDatabase.hasPostgres)) struct PostgresPoolTests {
    private static let killOthers = SQLStatement.write(
        """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND application_name = $1
        """)

    @Test func killedConnectionsAreMadeAgain() async throws {
        let name = "kill_\(UInt32.random(in: 0 ... .max))"
        try await TestDatabase.postgres.withPools(2) { pools in
            // The second pool is the killer; only the first one's connections bear the name.
            let victim = named(pools[0], name)
            _ = try await victim.execute(.read("SELECT 1"), [])
            try await victim.withTransaction { _ = try await $0.execute(.read("SELECT 1"), []) }
            let killed = try await pools[1].execute(PostgresPoolTests.killOthers, [.text(name)])
            try #expect(killed[0].int(0) == 2)
            try await #expect(
                eventually(on: victim.loop) {
                    (try? await victim.execute(.read("SELECT 1"), [])) != nil
                })
            try await victim.withTransaction { _ = try await $0.execute(.read("SELECT 1"), []) }
            #expect(await victim.health().isUp)
            await victim.shutdown()
        }
    }

    @Test func aWriteWhoseConnectionIsKilledIsNotRunAgain() async throws {
        try await TestDatabase.postgres.withPool { pool in
            try await pool.script("CREATE TABLE marks (n int)")
            await #expect(throws: DatabaseError.connectionLost(commitUnknown: true)) {
                _ = try await pool.execute(
                    .write("INSERT INTO marks SELECT 1 FROM pg_terminate_backend(pg_backend_pid()), pg_sleep(1)"), [])
            }
            try await #expect(
                eventually(on: pool.loop) {
                    (try? await pool.execute(.read("SELECT 1"), [])) != nil
                })
            try await #expect(pool.execute(.read("SELECT count(*) FROM marks"), [])[0].int(0) == 0)
        }
    }

    @Test func aSlowStatementIsPassedByAndEndedAtItsDeadline() async throws {
        try await TestDatabase.postgres.withPool(configure: { $0.statementTimeout = .seconds(4) }) { pool in
            let slow = Task(executorPreference: pool.loop) { try await pool.execute(.read("SELECT pg_sleep(30)"), []) }
            try await #expect(eventually(on: pool.loop) { await pool.statistics.inFlight == 1 })
            // From here on the shared connection counts as slow.
            try await pool.loop.sleep(for: .milliseconds(60))
            let begin = MonotonicInstant.now()
            try await #expect(pool.execute(.read("SELECT 1"), [])[0].int(0) == 1)
            // Behind the slow one it would have waited for that one's deadline.
            #expect(MonotonicInstant.now() - begin < .seconds(3))
            let error = await #expect(throws: DatabaseError.self) { _ = try await slow.value }
            guard case .timeout? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(await pool.health().isUp)
        }
    }

    @Test func aCancelledTransactionStopsItsStatementOnTheServer() async throws {
        try await TestDatabase.postgres.withPool(configure: { $0.exclusiveConnections = 1 }) { pool in
            let task = Task(executorPreference: pool.loop) {
                try await pool.withTransaction { _ = try await $0.execute(.read("SELECT pg_sleep(30)"), []) }
            }
            try await #expect(eventually(on: pool.loop) { await pool.statistics.inFlight == 1 })
            let begin = MonotonicInstant.now()
            task.cancel()
            _ = await task.result
            // The only exclusive connection is free again.
            try await pool.withTransaction { _ = try await $0.execute(.read("SELECT 1"), []) }
            #expect(MonotonicInstant.now() - begin < .seconds(3))
        }
    }

    @Test func transactionsThatCollideAreRunAgain() async throws {
        try await TestDatabase.postgres.withPool { pool in
            try await pool.script("CREATE TABLE accounts (id int PRIMARY KEY, n int); INSERT INTO accounts VALUES (1, 0), (2, 0);")
            // Locked in opposite orders, each holding its first before either asks for its second: PostgreSQL ends one of the
            // two as a deadlock.
            let holders = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (first, second) in [(1, 2), (2, 1)] {
                    group.addTask(executorPreference: pool.loop) {
                        try await pool.withTransaction { transaction in
                            let update = SQLStatement.write("UPDATE accounts SET n = n + 1 WHERE id = $1")
                            _ = try await transaction.execute(update, [.int(Int64(first))])
                            holders.raise()
                            _ = try await eventually(on: pool.loop) { holders.count >= 2 }
                            _ = try await transaction.execute(update, [.int(Int64(second))])
                        }
                    }
                }
                try await group.waitForAll()
            }
            let sums = try await pool.execute(.read("SELECT n FROM accounts ORDER BY id"), [])
            try #expect(sums.map { try $0.int(0) } == [2, 2])
            #expect(await pool.statistics.retries >= 1)
        }
    }

    @Test func aCollisionIsSeenEvenWhereTheBodyHidesIt() async throws {
        try await TestDatabase.postgres.withPool { pool in
            struct Hidden: Error {}
            let attempts = Tally()
            let raise = SQLStatement.write("DO $$ BEGIN RAISE EXCEPTION 'collided' USING ERRCODE = '40001'; END $$")
            await #expect(throws: Hidden.self) {
                try await pool.withTransaction { transaction in
                    attempts.raise()
                    do { _ = try await transaction.execute(raise, []) } catch { throw Hidden() }
                }
            }
            #expect(attempts.count == 4)
        }
    }

    private func named(_ pool: DatabasePool, _ name: String) -> DatabasePool {
        var configuration = pool.configuration
        if case .postgres(var endpoint) = configuration.location {
            endpoint.options.append(PostgresEndpoint.Option(name: "application_name", value: name))
            configuration.location = .postgres(endpoint)
        }
        return DatabasePool(loop: pool.loop, configuration: configuration)
    }
}
