// Batches on every database: what callers may rely on whichever it is.

import Actors
import Reactor
import TestSupport
import Testing

@Suite struct DatabaseBatchTests {
    /// Fails for the smallest number, on both databases, and reads nothing.
    private static let magnitude = SQLStatement.read("SELECT abs(CAST($1 AS bigint))")
    private static let insert = SQLStatement.write("INSERT INTO items VALUES ($1, $2)")

    @Test(arguments: TestDatabase.available)
    func everyExecutionIsAnsweredInItsPlace(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let results = try await pool.execute(DatabaseBatchTests.magnitude, batch: (0..<20).map { [.int(-$0)] })
            try #expect(results.map { try $0.get()[0].int(0) } == Array(0..<20))
        }
    }

    @Test(arguments: TestDatabase.available)
    func anEmptyBatchRunsNothing(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let results = try await pool.execute(DatabaseBatchTests.magnitude, batch: [])
            #expect(results.isEmpty)
            #expect(await pool.statistics.statements == 0)
        }
    }

    @Test(arguments: TestDatabase.available)
    func fiveHundredOfThemAreAllAnswered(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let results = try await pool.execute(DatabaseBatchTests.magnitude, batch: (0..<500).map { [.int($0)] })
            try #expect(results.map { try $0.get()[0].int(0) } == Array(0..<500))
            let statistics = await pool.statistics
            #expect(statistics.statements == 500)
            #expect(statistics.inFlight == 0)
            #expect(statistics.inUse == 0)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aReadThatFailsInTheMiddleLeavesItsNeighboursAlone(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let numbers = (0..<100).map { Int64($0 % 40 == 20 ? .min : $0) }
            let results = try await pool.execute(DatabaseBatchTests.magnitude, batch: numbers.map { [.int($0)] })
            for (number, result) in zip(numbers, results) {
                if number == .min {
                    #expect(throws: DatabaseError.self) { try result.get() }
                } else {
                    try #expect(result.get()[0].int(0) == number)
                }
            }
            #expect(await pool.statistics.errors == 2)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aWriteThatFailsInTheMiddleNeitherUndoesNorRepeatsItsNeighbours(_ backend: TestDatabase) async throws {
        try await withItems(backend) { pool in
            let ids: [Int64] = [1, 2, 2, 3, 1, 4]
            let results = try await pool.execute(DatabaseBatchTests.insert, batch: ids.map { [.int($0), .text("n")] })
            let hasFailed = results.map { if case .failure(.constraint(.unique, _)) = $0 { true } else { false } }
            #expect(hasFailed == [false, false, true, false, true, false])
            try #expect(results.map { try? $0.get().affectedRows } == [1, 1, nil, 1, nil, 1])
            try await #expect(items(pool) == 4)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aBindingThatCannotBeStoredFailsAlone(_ backend: TestDatabase) async throws {
        try await withItems(backend) { pool in
            let batch: [[SQLValue]] = [[.int(1), .text("a")], [.int(2), .null], [.int(3), .text("c")]]
            let results = try await pool.execute(DatabaseBatchTests.insert, batch: batch)
            guard case .failure(.constraint(.notNull, _)) = results[1] else {
                Issue.record("\(results[1])")
                return
            }
            try await #expect(items(pool) == 2)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aWrongTextFailsEachWithItsOwnReason(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let results = try await pool.execute(.read("SELECT $1 FROM nowhere"), batch: (0..<200).map { [.int($0)] })
            #expect(results.count == 200)
            guard case .failure(let first)? = results.first, case .statement(_, let message) = first else {
                Issue.record("\(String(describing: results.first))")
                return
            }
            #expect(message.contains("nowhere"))
            #expect(results.allSatisfy { if case .failure(first) = $0 { true } else { false } })
            try await #expect(pool.execute(.read("SELECT 1"), [])[0].int(0) == 1)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aTransactionsBatchIsUndoneWithIt(_ backend: TestDatabase) async throws {
        struct Refused: Error {}
        try await withItems(backend) { pool in
            await #expect(throws: Refused.self) {
                try await pool.withTransaction { transaction in
                    let results = try await transaction.execute(
                        DatabaseBatchTests.insert, batch: (0..<10).map { [.int($0), .text("n")] })
                    try #expect(results.map { try $0.get().affectedRows } == Array(repeating: 1, count: 10))
                    throw Refused()
                }
            }
            try await #expect(items(pool) == 0)
            #expect(await pool.statistics.inUse == 0)
        }
    }

    @Test(arguments: TestDatabase.available)
    func cancellingEndsTheWaitAndLeavesThePoolInOrder(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let slow = SQLStatement.read(
                postgres: "SELECT pg_sleep($1)",
                sqlite: "WITH RECURSIVE n (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n WHERE i < 0")
            let task = Task(executorPreference: pool.loop) { try await pool.execute(slow, batch: [[.int(1)], [.int(1)], [.int(1)]]) }
            try await #expect(eventually(on: pool.loop) { await pool.statistics.inFlight > 0 })
            task.cancel()
            await #expect(throws: DatabaseError.cancelled) { try await task.value }
            let results = try await pool.execute(DatabaseBatchTests.magnitude, batch: [[.int(-1)], [.int(-2)]])
            try #expect(results.map { try $0.get()[0].int(0) } == [1, 2])
        }
    }

    @Test(arguments: TestDatabase.available)
    func aCancelledTaskSendsNoBatch(_ backend: TestDatabase) async throws {
        try await withItems(backend) { pool in
            let task = Task(executorPreference: pool.loop) {
                while !Task.isCancelled { await Task.yield() }
                return try await pool.execute(DatabaseBatchTests.insert, batch: [[.int(1), .text("a")]])
            }
            task.cancel()
            await #expect(throws: DatabaseError.cancelled) { try await task.value }
            try await #expect(items(pool) == 0)
        }
    }

    @Test(arguments: TestDatabase.available)
    func executionsThatAreTooLateFailByTheirDeadline(_ backend: TestDatabase) async throws {
        try await backend.withPool(configure: { $0.statementTimeout = .seconds(1) }) { pool in
            let slow = SQLStatement.read(
                postgres: "SELECT $1, pg_sleep(30)",
                sqlite: "WITH RECURSIVE n (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n WHERE i < 0")
            let results = try await pool.execute(slow, batch: [[.int(1)], [.int(2)], [.int(3)]])
            #expect(results.count == 3)
            #expect(results.allSatisfy { if case .failure(.timeout) = $0 { true } else { false } })
        }
    }

    @Test(arguments: TestDatabase.available)
    func theObserverIsToldOnceWithTheFirstError(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let calls = Tally()
            let failures = Tally()
            let observed = DatabasePool(loop: pool.loop, configuration: pool.configuration) { statement, _, error in
                if statement == DatabaseBatchTests.magnitude { calls.raise() }
                if error != nil { failures.raise() }
            }
            _ = try await observed.execute(DatabaseBatchTests.magnitude, batch: [[.int(1)], [.int(2)]])
            #expect(calls.count == 1)
            #expect(failures.count == 0)
            _ = try await observed.execute(DatabaseBatchTests.magnitude, batch: [[.int(1)], [.int(.min)], [.int(.min)]])
            #expect(calls.count == 2)
            #expect(failures.count == 1)
            await observed.shutdown()
        }
    }
}
