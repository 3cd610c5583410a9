// The pool on every database: what callers may rely on whichever it is.

import Actors
import Reactor
import TestSupport
import Testing

@Suite struct DatabasePoolTests {
    private struct Refused: Error {}

    @Test(arguments: TestDatabase.available)
    func statementsRunAndRowsComeBack(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            try await pool.script("CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL)")
            let inserted = try await pool.execute(
                .write("INSERT INTO items VALUES ($1, $2), ($3, $4)"), [.int(1), .text("one"), .int(2), .text("two")])
            #expect(inserted.affectedRows == 2)
            let rows = try await pool.execute(.read("SELECT name, id FROM items ORDER BY id"), [])
            #expect(rows.columnNames == ["name", "id"])
            try #expect(rows.map { try $0.string(0) } == ["one", "two"])
            let returned = try await pool.execute(
                .write("UPDATE items SET name = $1 WHERE id = $2 RETURNING name"), [.text("three"), .int(2)])
            try #expect(returned[0].string(0) == "three")
        }
    }

    @Test(arguments: TestDatabase.available)
    func aTransactionThatReturnsIsKept(_ backend: TestDatabase) async throws {
        try await withItems(backend) { pool in
            let count = try await pool.withTransaction { transaction in
                _ = try await transaction.execute(.write("INSERT INTO items VALUES (1, 'a')"), [])
                return try await transaction.execute(.read("SELECT count(*) FROM items"), [])[0].int(0)
            }
            #expect(count == 1)
            try await #expect(items(pool) == 1)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aTransactionThatThrowsIsUndone(_ backend: TestDatabase) async throws {
        try await withItems(backend) { pool in
            await #expect(throws: Refused.self) {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.execute(.write("INSERT INTO items VALUES (1, 'a')"), [])
                    throw Refused()
                }
            }
            try await #expect(items(pool) == 0)
            #expect(await pool.statistics.inUse == 0)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aCancelledTransactionIsUndone(_ backend: TestDatabase) async throws {
        try await withItems(backend) { pool in
            let begun = Flag()
            let task = Task(executorPreference: pool.loop) {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.execute(.write("INSERT INTO items VALUES (1, 'a')"), [])
                    begun.raise()
                    try await pool.loop.sleep(for: .seconds(60))
                }
            }
            try await #expect(eventually(on: pool.loop) { begun.isRaised })
            task.cancel()
            await #expect(throws: (any Error).self) { try await task.value }
            try await #expect(items(pool) == 0)
            #expect(await pool.statistics.inUse == 0)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aBrokenConstraintIsNamedAndTheTransactionMayGoNoFurther(_ backend: TestDatabase) async throws {
        try await withItems(backend) { pool in
            try await pool.script("CREATE UNIQUE INDEX items_name_key ON items (name)")
            _ = try await pool.execute(.write("INSERT INTO items VALUES (1, 'a')"), [])
            await #expect(throws: DatabaseError.constraint(.unique, name: "items_name_key")) {
                _ = try await pool.execute(.write("INSERT INTO items VALUES (2, 'a')"), [])
            }
            await #expect(throws: DatabaseError.constraint(.unique, name: "items_name_key")) {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.execute(.write("INSERT INTO items VALUES (3, 'b')"), [])
                    _ = try await transaction.execute(.write("INSERT INTO items VALUES (4, 'b')"), [])
                }
            }
            try await #expect(items(pool) == 1)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aThousandCallersAtOnceAreAllServed(_ backend: TestDatabase) async throws {
        try await backend.withPool(configure: { $0.poolWait = .seconds(30) }) { pool in
            let sum = try await withThrowingTaskGroup(of: Int64.self) { group in
                for number in 0..<1_000 {
                    group.addTask(executorPreference: pool.loop) {
                        try await pool.execute(.read("SELECT CAST($1 AS integer)"), [.int(Int64(number))])[0].int(0)
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 499_500)
            let statistics = await pool.statistics
            #expect(statistics.statements == 1_000)
            #expect(statistics.inFlight == 0)
            #expect(statistics.waiters == 0)
        }
    }

    @Test(arguments: TestDatabase.available)
    func transactionsOfManyLoopsAddUp(_ backend: TestDatabase) async throws {
        try await backend.withPools(2, configure: { $0.poolWait = .seconds(30) }) { pools in
            try await pools[0].script("CREATE TABLE counters (n integer); INSERT INTO counters VALUES (0);")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<40 {
                    let pool = pools[number % 2]
                    group.addTask(executorPreference: pool.loop) {
                        try await pool.withTransaction { transaction in
                            _ = try await transaction.execute(.write("UPDATE counters SET n = n + 1"), [])
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await #expect(pools[1].execute(.read("SELECT n FROM counters"), [])[0].int(0) == 40)
        }
    }

    @Test(arguments: TestDatabase.available)
    func callersWaitForAConnectionNoLongerThanTheyMay(_ backend: TestDatabase) async throws {
        try await backend.withPool(configure: {
            $0.exclusiveConnections = 1
            $0.poolWait = .seconds(1)
        }) { pool in
            try await pool.withTransaction { transaction in
                _ = try await transaction.execute(.read("SELECT 1"), [])
                let error = await #expect(throws: DatabaseError.self) { try await pool.withTransaction { _ in } }
                guard case .timeout? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
            try await pool.withTransaction { _ in }
        }
    }

    @Test(arguments: TestDatabase.available)
    func aPoolThatIsShutDownRefuses(_ backend: TestDatabase) async throws {
        try await withItems(backend) { pool in
            await pool.shutdown()
            await #expect(throws: DatabaseError.closed) { _ = try await pool.execute(.read("SELECT 1"), []) }
            #expect(await pool.statistics.size == 0)
            await pool.shutdown()
        }
    }

    @Test(arguments: TestDatabase.available)
    func healthTellsThatItIsUp(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let health = await pool.health()
            #expect(health.isUp)
            #expect(health.latency > .zero)
            #expect(health.waiters == 0)
            await pool.shutdown()
            #expect(await !pool.health().isUp)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aCancelledTaskSendsNothing(_ backend: TestDatabase) async throws {
        try await withItems(backend) { pool in
            let task = Task(executorPreference: pool.loop) {
                while !Task.isCancelled { await Task.yield() }
                _ = try await pool.execute(.write("INSERT INTO items VALUES (1, 'a')"), [])
            }
            task.cancel()
            await #expect(throws: DatabaseError.cancelled) { try await task.value }
            try await #expect(items(pool) == 0)
        }
    }
}
