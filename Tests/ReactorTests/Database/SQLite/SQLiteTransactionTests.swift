// Transactions: what they keep, what they undo, and who may write.

import Reactor
import TestSupport
import Testing

@Suite struct SQLiteTransactionTests {
    @Test func committedIsKeptAndRolledBackIsNot() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            _ = try await database.run("CREATE TABLE t (a INTEGER)")
            try await database.begin(.write)
            _ = try await database.run("INSERT INTO t VALUES (1)")
            try await database.commit()
            try await database.begin(.write)
            _ = try await database.run("INSERT INTO t VALUES (2)")
            try await database.rollback()
            try await #expect(database.count("t") == 1)
            await database.close()
        }
    }

    @Test func othersSeeNothingBeforeTheCommit() async throws {
        try await withSQLite { isolation, path in
            let writer = try await SQLiteConnection.open(path, on: isolation.loop)
            let reader = try await SQLiteConnection.open(path, on: isolation.loop)
            _ = try await writer.run("CREATE TABLE t (a INTEGER)")
            try await writer.begin(.write)
            _ = try await writer.run("INSERT INTO t VALUES (1)")
            try await #expect(reader.count("t") == 0)
            try await writer.commit()
            try await #expect(reader.count("t") == 1)
            await reader.close()
            await writer.close()
        }
    }

    @Test func aReadingTransactionSeesOneStateThroughout() async throws {
        try await withSQLite { isolation, path in
            let writer = try await SQLiteConnection.open(path, on: isolation.loop)
            let reader = try await SQLiteConnection.open(path, on: isolation.loop)
            _ = try await writer.run("CREATE TABLE t (a INTEGER)")
            try await reader.begin(.read)
            try await #expect(reader.count("t") == 0)
            _ = try await writer.run("INSERT INTO t VALUES (1)")
            try await #expect(reader.count("t") == 0)
            try await reader.commit()
            try await #expect(reader.count("t") == 1)
            await reader.close()
            await writer.close()
        }
    }

    @Test func schemaChangesRollBackToo() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            try await database.begin(.write)
            try await database.script("CREATE TABLE t (a INTEGER); CREATE INDEX t_a ON t (a);")
            try await database.rollback()
            try await #expect(database.count("sqlite_schema") == 0)
            await database.close()
        }
    }

    @Test func aSecondWriterWaitsForTheFirst() async throws {
        try await withSQLite { isolation, path in
            let loop = isolation.loop
            let first = try await SQLiteConnection.open(path, on: loop)
            _ = try await first.run("CREATE TABLE t (a INTEGER)")
            try await first.begin(.write)
            _ = try await first.run("INSERT INTO t VALUES (1)")
            let second = Task(executorPreference: loop) {
                try await loop.isolation.run { _ in
                    let second = try await SQLiteConnection.open(path, on: loop)
                    let rows = try await second.run("INSERT INTO t SELECT count(*) + 1 FROM t RETURNING a")
                    await second.close()
                    return try rows[0].int(0)
                }
            }
            try await first.commit()
            try await #expect(second.value == 2)
            await first.close()
        }
    }

    @Test func aWriterThatWaitsTooLongTimesOut() async throws {
        try await withSQLite { isolation, path in
            let first = try await SQLiteConnection.open(path, on: isolation.loop)
            let second = try await SQLiteConnection.open(path, on: isolation.loop, statementTimeout: .milliseconds(30))
            try await first.begin(.write)
            let error = await #expect(throws: DatabaseError.self) { try await second.begin(.write) }
            guard case .timeout? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try await first.rollback()
            try await second.begin(.write)
            try await second.commit()
            await second.close()
            await first.close()
        }
    }

    /// A lock that this process' gate knows nothing of: the same file by another path, as another process would have it.
    @Test func anotherProcessLockIsWaitedForOnTheLoop() async throws {
        try await withTemporaryFolder { folder in
            try DurableFile.createDirectory("\(folder)/data")
            try symbolicLink(to: "\(folder)/data", at: "\(folder)/other")
            try await withLoop { isolation in
                let loop = isolation.loop
                let holder = try await SQLiteConnection.open("\(folder)/data/test.db", on: loop)
                let hasty = try await SQLiteConnection.open(
                    "\(folder)/other/test.db", on: loop, statementTimeout: .milliseconds(30))
                _ = try await holder.run("CREATE TABLE t (a INTEGER)")
                try await holder.begin(.write)
                let error = await #expect(throws: DatabaseError.self) { try await hasty.run("INSERT INTO t VALUES (1)") }
                guard case .timeout? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                // The holder commits only once the waiter has met its lock: its pauses leave the loop free for that.
                let commit = LoopPromise<Void>(loop: loop)
                let pause = LoopTimer(loop: loop)
                pause.start(after: .milliseconds(20)) { commit.succeed(()) }
                async let inserted = insert(loop, "\(folder)/other/test.db")
                try await commit.wait()
                try await holder.commit()
                try await #expect(inserted == 1)
                await hasty.close()
                await holder.close()
            }
        }
    }

    @Test func aClosedConnectionLetsTheNextWriterIn() async throws {
        try await withSQLite { isolation, path in
            let first = try await SQLiteConnection.open(path, on: isolation.loop)
            let second = try await SQLiteConnection.open(path, on: isolation.loop)
            _ = try await first.run("CREATE TABLE t (a INTEGER)")
            try await first.begin(.write)
            _ = try await first.run("INSERT INTO t VALUES (1)")
            await first.close()
            try await second.begin(.write)
            try await #expect(second.count("t") == 0)
            try await second.commit()
            await second.close()
        }
    }

    @Test func aDroppedConnectionLetsTheNextWriterIn() async throws {
        try await withSQLite { isolation, path in
            do {
                let first = try await SQLiteConnection.open(path, on: isolation.loop)
                try await first.begin(.write)
            }
            let second = try await SQLiteConnection.open(path, on: isolation.loop)
            try await second.begin(.write)
            try await second.commit()
            await second.close()
        }
    }

    @Test func statementsDoNotRunOnTheirOwnOnceSQLiteHasEndedTheTransaction() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            _ = try await database.run("CREATE TABLE t (a INTEGER UNIQUE ON CONFLICT ROLLBACK)")
            try await database.begin(.write)
            _ = try await database.run("INSERT INTO t VALUES (1)")
            await #expect(throws: DatabaseError.self) { try await database.run("INSERT INTO t VALUES (1)") }
            let error = await #expect(throws: DatabaseError.self) { try await database.run("INSERT INTO t VALUES (2)") }
            guard case .statement(sqlState: "25P02", _)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try await database.rollback()
            try await #expect(database.count("t") == 0)
            #expect(database.isUsable)
            await database.close()
        }
    }

    @Test func aFullDiskIsAClearErrorAndTheTransactionIsUndone() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            _ = try await database.run("CREATE TABLE t (a BLOB)")
            _ = try await database.execute(.read("PRAGMA max_page_count = 16"), [])
            try await database.begin(.write)
            _ = try await database.run("INSERT INTO t VALUES (zeroblob(100))")
            await #expect(throws: DatabaseError.incapable(.storageFull)) {
                try await database.run("INSERT INTO t VALUES (zeroblob(1000000))")
            }
            try await database.rollback()
            #expect(database.isUsable)
            try await #expect(database.count("t") == 0)
            await database.close()
        }
    }

    @Test func beginTwiceAndCommitWithoutBeginAreErrors() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            await #expect(throws: DatabaseError.self) { try await database.commit() }
            try await database.rollback()
            try await database.begin(.read)
            await #expect(throws: DatabaseError.self) { try await database.begin(.read) }
            try await database.rollback()
            await database.close()
        }
    }

    @Test func manyWritersOnSeveralLoopsAllGetTheirTurn() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/test.db"
            try await EventLoopGroup.withGroup(loops: 3) { group in
                try await group.loops[0].isolation.run { isolation in
                    let database = try await SQLiteConnection.open(path, on: isolation.loop)
                    try await database.script("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (0);")
                    await database.close()
                }
                // More writers than the blocking pool has threads.
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for index in 0..<24 {
                        let loop = group.loops[index % 3]
                        tasks.addTask(executorPreference: loop) {
                            try await loop.isolation.run { _ in
                                let database = try await SQLiteConnection.open(path, on: loop, statementTimeout: .seconds(60))
                                for _ in 0..<5 {
                                    try await database.begin(.write)
                                    let number = try await database.execute(.read("SELECT n FROM t"), [])[0].int(0)
                                    _ = try await database.run("UPDATE t SET n = $1", .int(number + 1))
                                    try await database.commit()
                                }
                                await database.close()
                            }
                        }
                    }
                    try await tasks.waitForAll()
                }
                try await group.loops[0].isolation.run { isolation in
                    let database = try await SQLiteConnection.open(path, on: isolation.loop)
                    try await #expect(database.execute(.read("SELECT n FROM t"), [])[0].int(0) == 120)
                    await database.close()
                }
            }
        }
    }
}

private func insert(_ loop: EventLoop, _ path: String) async throws -> Int {
    try await loop.isolation.run { _ in
        let database = try await SQLiteConnection.open(path, on: loop)
        let rows = try await database.run("INSERT INTO t VALUES (1)")
        await database.close()
        return rows.affectedRows
    }
}
