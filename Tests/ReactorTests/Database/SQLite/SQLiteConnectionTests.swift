// Statements on real files: values, errors, deadlines, cancelling.

import Reactor
import TestSupport
import Testing

@Suite struct SQLiteConnectionTests {
    @Test func makesTheFileAndItsFolder() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            try await database.ping()
            try #expect(FileReader(path: path).sizeBytes >= 0)
            await database.close()
        }
    }

    @Test func setsUpTheJournalAndForeignKeys() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            try await #expect(database.execute(.read("PRAGMA journal_mode"), [])[0].string(0) == "wal")
            try await #expect(database.execute(.read("PRAGMA foreign_keys"), [])[0].int(0) == 1)
            try await #expect(database.execute(.read("PRAGMA synchronous"), [])[0].int(0) == 1)
            await database.close()
        }
    }

    @Test func everyKindOfValueComesBackAsItWent() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            let time = try #require(Timestamp(rfc3339: "2026-01-02T03:04:05.678901Z"))
            let values: [SQLValue] = [
                .null, .bool(true), .int(.min), .double(1.5), .text("nul\u{0} and ünïcode"), .bytes([0, 255]), .bytes([]),
                .timestamp(time), .decimal("12.30"), .uuid("0b7a8f6e-0000-4000-8000-000000000001"), .text(""),
            ]
            let row = try await database.execute(.read("SELECT $1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11"), values)[0]
            try #expect(row.isNull(0))
            try #expect(row.bool(1))
            try #expect(row.int(2) == .min)
            try #expect(row.double(3) == 1.5)
            try #expect(row.string(4) == "nul\u{0} and ünïcode")
            try #expect(row.bytes(5) == [0, 255])
            try #expect(row.bytes(6) == [])
            try #expect(row.timestamp(7) == time)
            try #expect(row.decimal(8) == "12.30")
            try #expect(row.uuid(9) == "0b7a8f6e-0000-4000-8000-000000000001")
            try #expect(row.string(10) == "")
            await database.close()
        }
    }

    @Test func placeholdersGoByTheirNumberAndMayRepeat() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            let row = try await database.execute(.read("SELECT $2, $1, $2, $10"), (1...10).map { .int($0) })[0]
            try #expect((0..<4).map { try row.int($0) } == [2, 1, 2, 10])
            await database.close()
        }
    }

    @Test func aMissingValueAndAForeignPlaceholderAreErrors() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            for (sql, bindings) in [("SELECT $1, $2", [SQLValue.int(1)]), ("SELECT ?", [.int(1)]), ("SELECT :name", [.int(1)])] {
                await #expect(throws: DatabaseError.self) { try await database.execute(.read(sql), bindings) }
            }
            await database.close()
        }
    }

    @Test func twoStatementsInOneTextAreRefused() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            _ = try await database.run("CREATE TABLE t (a INTEGER);  ")
            await #expect(throws: DatabaseError.self) { try await database.run("SELECT 1; DROP TABLE t") }
            await #expect(throws: DatabaseError.self) { try await database.run("  ") }
            try await #expect(database.count("t") == 0)
            await database.close()
        }
    }

    @Test func affectedRowsAreThoseOfThisStatement() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            try await database.script("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2), (3);")
            try await #expect(database.run("UPDATE t SET a = a + 1 WHERE a > $1", .int(1)).affectedRows == 2)
            try await #expect(database.run("UPDATE t SET a = 0 WHERE a > 100").affectedRows == 0)
            try await #expect(database.run("CREATE TABLE u (a INTEGER)").affectedRows == 0)
            let inserted = try await database.run("INSERT INTO t VALUES ($1) RETURNING a", .int(7))
            #expect(inserted.affectedRows == 1)
            try #expect(inserted[0].int(0) == 7)
            await database.close()
        }
    }

    @Test func columnsHaveNames() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            let rows = try await database.execute(.read("SELECT 1 AS one, 2 AS two WHERE 0"), [])
            #expect(rows.columnNames == ["one", "two"])
            #expect(rows.isEmpty)
            await database.close()
        }
    }

    @Test func brokenConstraintsBearTheNamesOfTheirIndexes() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            try await database.script(
                """
                CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, email TEXT NOT NULL,
                    role TEXT CONSTRAINT users_role_check CHECK (role IN ('user')), team TEXT);
                CREATE UNIQUE INDEX users_email_key ON users (lower(email));
                CREATE UNIQUE INDEX users_username_key ON users (username);
                CREATE UNIQUE INDEX users_team_key ON users (team, role);
                CREATE TABLE tasks (owner_id INTEGER REFERENCES users (id));
                INSERT INTO users VALUES (1, 'ann', 'ann@x', 'user', 'red');
                """)
            let faults: [(String, DatabaseError)] = [
                ("INSERT INTO users VALUES (2, 'ann', 'b@x', NULL, NULL)", .constraint(.unique, name: "users_username_key")),
                ("INSERT INTO users VALUES (2, 'bob', 'ANN@X', NULL, NULL)", .constraint(.unique, name: "users_email_key")),
                ("INSERT INTO users VALUES (2, 'bob', 'b@x', 'user', 'red')", .constraint(.unique, name: "users_team_key")),
                ("INSERT INTO users VALUES (1, 'bob', 'b@x', NULL, NULL)", .constraint(.unique, name: "users.id")),
                ("INSERT INTO users VALUES (2, 'bob', NULL, NULL, NULL)", .constraint(.notNull, name: "users.email")),
                ("INSERT INTO users VALUES (2, 'bob', 'b@x', 'king', NULL)", .constraint(.check, name: "users_role_check")),
                ("INSERT INTO tasks VALUES (99)", .constraint(.foreignKey, name: nil)),
            ]
            for (sql, error) in faults {
                await #expect(throws: error, "\(sql)") { try await database.run(sql) }
            }
            await database.close()
        }
    }

    @Test func aReadOnlyConnectionWritesNothing() async throws {
        try await withSQLite { isolation, path in
            let writer = try await SQLiteConnection.open(path, on: isolation.loop)
            try await writer.script("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1);")
            let reader = try await SQLiteConnection.open(path, readOnly: true, on: isolation.loop)
            try await #expect(reader.count("t") == 1)
            await #expect(throws: DatabaseError.self) { try await reader.run("INSERT INTO t VALUES (2)") }
            await reader.close()
            await writer.close()
        }
    }

    @Test func anEndlessStatementEndsAtItsDeadlineAndTheConnectionLivesOn() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop, statementTimeout: .milliseconds(50))
            await #expect(throws: DatabaseError.timeout("the statement took too long")) {
                try await database.execute(endless, [])
            }
            #expect(database.isUsable)
            try await database.ping()
            await database.close()
        }
    }

    @Test func cancellingTheTaskEndsARunningStatement() async throws {
        try await withSQLite { isolation, path in
            let loop = isolation.loop
            let database = SharedConnection(
                try await SQLiteConnection.open(path, on: loop, statementTimeout: .seconds(600)), loop: loop)
            let task = Task(executorPreference: loop) { try await database.execute(endless) }
            try await #expect(eventually(on: loop) { await database.inFlight == 1 })
            task.cancel()
            await #expect(throws: DatabaseError.cancelled) { try await task.value }
            try await #expect(database.echo(1) == 1)
            await database.close()
        }
    }

    @Test func aTaskThatWasCancelledBeforeRunsNothing() async throws {
        try await withSQLite { isolation, path in
            let loop = isolation.loop
            let database = SharedConnection(try await SQLiteConnection.open(path, on: loop), loop: loop)
            let task = Task(executorPreference: loop) {
                while !Task.isCancelled { await Task.yield() }
                return try await database.execute(.write("CREATE TABLE t (a INTEGER)"))
            }
            task.cancel()
            await #expect(throws: DatabaseError.cancelled) { try await task.value }
            await #expect(throws: DatabaseError.self) { try await database.execute(.read("SELECT * FROM t")) }
            await database.close()
        }
    }

    @Test func concurrentCallsOnOneConnectionAreAllAnswered() async throws {
        try await withSQLite { isolation, path in
            let database = SharedConnection(try await SQLiteConnection.open(path, on: isolation.loop), loop: isolation.loop)
            let sum = try await withThrowingTaskGroup(of: Int64.self) { group in
                for number in Int64(1)...100 {
                    group.addTask(executorPreference: isolation.loop) { try await database.echo(number) }
                }
                var sum: Int64 = 0
                for try await number in group { sum += number }
                return sum
            }
            #expect(sum == 5_050)
            #expect(await database.inFlight == 0)
            await database.close()
        }
    }

    @Test func aClosedConnectionRefusesEverything() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            await database.close()
            await database.close()
            #expect(!database.isUsable)
            await #expect(throws: DatabaseError.closed) { try await database.ping() }
            await #expect(throws: DatabaseError.closed) { try await database.begin(.write) }
        }
    }

    @Test func aFileThatIsNoDatabaseCannotServe() async throws {
        try await withTemporaryFolder { folder in
            try DurableFile.write(Array(repeating: 65, count: 4_096), directory: folder, name: "text.db")
            try await withLoop { isolation in
                do {
                    _ = try await SQLiteConnection.open("\(folder)/text.db", on: isolation.loop)
                    Issue.record("opened a text as a database")
                } catch DatabaseError.incapable(.damaged) {
                }
            }
        }
    }

    @Test func moreStatementsThanTheCacheHoldsStillWork() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            for round in 0..<2 {
                for number in 0..<300 {
                    let row = try await database.execute(.read("SELECT \(number) + $1"), [.int(Int64(round))])[0]
                    try #expect(row.int(0) == Int64(number + round))
                }
            }
            await database.close()
        }
    }
}

/// Counts for some hours.
private let endless = SQLStatement.read(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000000) SELECT max(i) FROM n")

/// A connection that several tasks use at once.
private actor SharedConnection {
    nonisolated let loop: EventLoop
    private let connection: SQLiteConnection

    init(_ connection: sending SQLiteConnection, loop: EventLoop) {
        self.loop = loop
        self.connection = connection
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    var inFlight: Int { connection.inFlight }

    func execute(_ statement: SQLStatement) async throws -> SQLRows {
        try await connection.execute(statement, [])
    }

    func echo(_ number: Int64) async throws -> Int64 {
        try await connection.execute(.read("SELECT $1"), [.int(number)])[0].int(0)
    }

    func close() async { await connection.close() }
}
