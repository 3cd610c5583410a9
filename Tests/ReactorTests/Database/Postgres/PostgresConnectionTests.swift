// A live connection: types, pipelining, errors in the middle, transactions, cancelling.

import Reactor
import TestSupport
import Testing

@Suite(.enabled(if: TestDatabase.hasPostgres)) struct PostgresConnectionTests {
    @Test func everyTypeComesBackAsItWent() async throws {
        try await withConnection { connection in
            let time = try #require(Timestamp(rfc3339: "2026-01-02T03:04:05.678901Z"))
            let uuid = "0b7a8f6e-1234-4000-8000-deadbeef0001"
            let sql = """
                SELECT $1::bool, $2::int2, $3::int4, $4::int8, $5::float4, $6::float8, $7::text, $8::varchar, $9::bytea,
                    $10::timestamptz, $11::timestamp, $12::date, $13::uuid, $14::numeric, $15::json, $16::jsonb, $17::text
                """
            let bindings: [SQLValue] = [
                .bool(true), .int(-2), .int(Int64(Int32.min)), .int(.max), .double(1.5), .double(-2.25), .text("ünïcode 🦆"),
                .text(""), .bytes([0, 1, 255]), .timestamp(time), .timestamp(time), .text("2026-01-02"), .uuid(uuid),
                .decimal("-12345678901234567890.1200"), .text(#"{"a":1}"#), .text(#"{"a": 1}"#), .null,
            ]
            let row = try await connection.execute(.read(sql), bindings)[0]
            try #expect(row.bool(0))
            try #expect(row.int(1) == -2)
            try #expect(row.int(2) == Int64(Int32.min))
            try #expect(row.int(3) == .max)
            try #expect(row.double(4) == 1.5)
            try #expect(row.double(5) == -2.25)
            try #expect(row.string(6) == "ünïcode 🦆")
            try #expect(row.string(7) == "")
            try #expect(row.bytes(8) == [0, 1, 255])
            try #expect(row.timestamp(9) == time)
            try #expect(row.timestamp(10) == time)
            try #expect(row.string(11) == "2026-01-02")
            try #expect(row.uuid(12) == uuid)
            try #expect(row.decimal(13) == "-12345678901234567890.1200")
            try #expect(row.string(14) == #"{"a":1}"#)
            try #expect(row.string(15) == #"{"a": 1}"#)
            try #expect(row.optionalString(16) == nil)
            #expect(throws: DatabaseError.self) { try row.string(16) }
            #expect(throws: DatabaseError.self) { try row.string(17) }
            #expect(throws: DatabaseError.self) { try row.int(6) }
        }
    }

    @Test func aTypeThatIsNotDecodedSaysSo() async throws {
        try await withConnection { connection in
            let row = try await connection.execute(.read("SELECT ARRAY[1, 2] AS pair"), [])[0]
            #expect(row.index(of: "pair") == 0)
            #expect(throws: DatabaseError.self) { try row.string(0) }
            #expect(throws: DatabaseError.self) { try row.value(0) }
        }
    }

    @Test func aFailingReadInTheMiddleLeavesItsNeighboursAlone() async throws {
        try await withConnection { connection in
            let results = await each(0..<40, on: connection) { number in
                SQLStatement.read("SELECT 60 / ($1::int - 20)")
            }
            for (number, result) in results {
                if number == 20 {
                    guard case .failure(.statement(sqlState: "22012", _)) = result else {
                        Issue.record("\(result)")
                        continue
                    }
                } else {
                    try #expect(result.get()[0].int(0) == Int64(60 / (number - 20)))
                }
            }
            #expect(await connection.inFlight == 0)
            #expect(await connection.isUsable)
        }
    }

    @Test func severalFailingReadsOfOneTickFailAlone() async throws {
        try await withConnection { connection in
            let results = await each(0..<30, on: connection) { number in
                .read(number % 3 == 0 ? "SELECT nonsense_\(number) + $1::int" : "SELECT \(number) + $1::int - $1::int")
            }
            for (number, result) in results {
                if number % 3 == 0 {
                    guard case .failure(.statement(sqlState: "42703", _)) = result else {
                        Issue.record("\(result)")
                        continue
                    }
                } else {
                    try #expect(result.get()[0].int(0) == Int64(number))
                }
            }
        }
    }

    @Test func aThousandStatementsAtOnce() async throws {
        try await withConnection { connection in
            let results = await each(0..<1_000, on: connection) { _ in .read("SELECT $1::int * 2") }
            for (number, result) in results { try #expect(result.get()[0].int(0) == Int64(number * 2)) }
            #expect(results.count == 1_000)
        }
    }

    @Test func moreTextsThanTheCacheHoldsWorkToo() async throws {
        try await withConnection { connection in
            for number in 0..<600 {
                let rows = try await connection.execute(.read("SELECT \(number) + $1::int"), [.int(1)])
                try #expect(rows[0].int(0) == Int64(number + 1))
            }
            let known = try await connection.execute(.read("SELECT count(*) FROM pg_prepared_statements"), [])
            try #expect(known[0].int(0) <= 257)
        }
    }

    /// What another client of a pooler does to a server connection that we have prepared statements on.
    @Test func aStatementThatIsLostIsRunAllTheSameAndNothingIsPreparedAfterwards() async throws {
        try await withConnection(on: [.postgres]) { connection in
            #expect(await connection.session == .own)
            for value in 1...3 {
                try await #expect(connection.execute(.read("SELECT $1::int"), [.int(Int64(value))])[0].int(0) == Int64(value))
            }
            _ = try await connection.execute(.write("DEALLOCATE ALL"), [])
            let results = await each(0..<20, on: connection) { _ in .read("SELECT $1::int") }
            for (number, result) in results { try #expect(result.get()[0].int(0) == Int64(number)) }
            #expect(await connection.session == .pooled)
            _ = try await connection.execute(.read("SELECT $1::int + 1"), [.int(1)])
            let known = try await connection.execute(.read("SELECT count(*) FROM pg_prepared_statements"), [])
            try #expect(known[0].int(0) == 0)
        }
    }

    @Test func whereNothingIsPreparedTheServerStillEndsALateStatement() async throws {
        try await withConnection(on: [.unprepared], configure: { $0.statementTimeout = .milliseconds(300) }) { connection in
            #expect(await connection.session == .pooled)
            let began = MonotonicInstant.now()
            await #expect(throws: DatabaseError.timeout("the statement took too long")) {
                try await connection.execute(.read("SELECT pg_sleep(5)"), [])
            }
            try await #expect(connection.execute(.read("SELECT 1"), [])[0].int(0) == 1)
            #expect(MonotonicInstant.now() - began < .seconds(2))
            let known = try await connection.execute(.read("SELECT count(*) FROM pg_prepared_statements"), [])
            try #expect(known[0].int(0) == 0)
            // The limit went with its transaction.
            let limit = try await connection.execute(.read("SELECT reset_val FROM pg_settings WHERE name = 'statement_timeout'"), [])
            try #expect(limit[0].string(0) == "0")
        }
    }

    @Test func aReadSurvivesATableThatChangesItsShape() async throws {
        try await withConnection { connection in
            _ = try await connection.execute(.write("CREATE TABLE shapes (a int)"), [])
            _ = try await connection.execute(.write("INSERT INTO shapes VALUES (1)"), [])
            try await #expect(connection.execute(.read("SELECT * FROM shapes"), []).columnNames == ["a"])
            _ = try await connection.execute(.write("ALTER TABLE shapes ADD b text DEFAULT 'x'"), [])
            let rows = try await connection.execute(.read("SELECT * FROM shapes"), [])
            #expect(rows.columnNames == ["a", "b"])
            try #expect(rows[0].string(1) == "x")
        }
    }

    @Test func brokenRulesAreNamed() async throws {
        try await withConnection { connection in
            for sql in [
                "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL CONSTRAINT users_email_key UNIQUE)",
                """
                CREATE TABLE tasks (id int, owner int CONSTRAINT tasks_owner_fkey REFERENCES users DEFERRABLE INITIALLY DEFERRED,
                    size int CONSTRAINT tasks_size_check CHECK (size > 0))
                """,
                "INSERT INTO users VALUES (1, 'a')",
            ] {
                _ = try await connection.execute(.write(sql), [])
            }
            try await fails(connection, "INSERT INTO users VALUES (2, 'a')", .constraint(.unique, name: "users_email_key"))
            try await fails(connection, "INSERT INTO users VALUES (2, NULL)", .constraint(.notNull, name: "email"))
            try await fails(connection, "INSERT INTO tasks VALUES (1, 1, 0)", .constraint(.check, name: "tasks_size_check"))
            // Deferred: the statement itself succeeds, and its commit fails.
            try await fails(connection, "INSERT INTO tasks VALUES (1, 9, 1)", .constraint(.foreignKey, name: "tasks_owner_fkey"))
            try await #expect(connection.execute(.read("SELECT count(*) FROM tasks"), [])[0].int(0) == 0)
            try await #expect(connection.execute(.write("UPDATE users SET email = 'b'"), []).affectedRows == 1)
        }
    }

    @Test func aStatementThatTakesTooLongIsEndedAndTheConnectionGoesOn() async throws {
        try await withConnection(configure: { $0.statementTimeout = .milliseconds(200) }) { connection in
            let begin = MonotonicInstant.now()
            let error = await #expect(throws: DatabaseError.self) {
                _ = try await connection.execute(.read("SELECT pg_sleep(20)"), [])
            }
            guard case .timeout? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(MonotonicInstant.now() - begin < .seconds(3))
            try await connection.ping()
        }
    }

    @Test func aKilledServerProcessLosesTheConnection() async throws {
        try await withConnection { connection in
            let error = await #expect(throws: DatabaseError.self) {
                _ = try await connection.execute(.write("SELECT pg_terminate_backend(pg_backend_pid())"), [])
            }
            #expect(error == .connectionLost(commitUnknown: true))
            await #expect(throws: DatabaseError.self) { try await connection.ping() }
            #expect(await !connection.isUsable)
        }
    }

    @Test func aCancelledWaiterLeavesAtOnceAndItsStatementIsDrained() async throws {
        try await withConnection { connection in
            let task = Task(executorPreference: connection.loop) { _ = try await connection.execute(.read("SELECT pg_sleep(1)"), []) }
            try await #expect(eventually(on: connection.loop) { await connection.inFlight == 1 })
            let begin = MonotonicInstant.now()
            task.cancel()
            let result = await task.result
            #expect(MonotonicInstant.now() - begin < .milliseconds(800))
            #expect(throws: DatabaseError.cancelled) { try result.get() }
            try await #expect(connection.execute(.read("SELECT 1"), [])[0].int(0) == 1)
            #expect(await connection.inFlight == 0)
        }
    }

    @Test func aTransactionIsRolledBackAndTheConnectionIsClean() async throws {
        try await withConnection(isShared: false) { connection in
            _ = try await connection.execute(.write("CREATE TABLE t (a int)"), [])
            try await connection.begin(.write)
            _ = try await connection.execute(.write("INSERT INTO t VALUES (1)"), [])
            await #expect(throws: DatabaseError.self) { _ = try await connection.execute(.read("SELECT nonsense"), []) }
            await #expect(throws: DatabaseError.self) { try await connection.commit() }
            try await connection.rollback()
            try await #expect(connection.execute(.read("SELECT count(*) FROM t"), [])[0].int(0) == 0)
            try await connection.begin(.write)
            _ = try await connection.execute(.write("INSERT INTO t VALUES (1)"), [])
            try await connection.commit()
            try await #expect(connection.execute(.read("SELECT count(*) FROM t"), [])[0].int(0) == 1)
        }
    }

    @Test func rollingBackCancelsWhatIsStillRunning() async throws {
        try await withConnection(isShared: false) { connection in
            try await connection.begin(.write)
            let task = Task(executorPreference: connection.loop) { _ = try await connection.execute(.read("SELECT pg_sleep(30)"), []) }
            try await #expect(eventually(on: connection.loop) { await connection.inFlight == 1 })
            task.cancel()
            _ = await task.result
            let begin = MonotonicInstant.now()
            try await connection.rollback()
            #expect(MonotonicInstant.now() - begin < .seconds(2))
            #expect(await connection.inFlight == 0)
            try await connection.ping()
        }
    }

    @Test func aScriptRunsManyStatementsAndFailsWhole() async throws {
        try await withConnection(isShared: false) { connection in
            try await connection.script("CREATE TABLE a (x int); INSERT INTO a VALUES (1); INSERT INTO a VALUES (2);")
            try await #expect(connection.execute(.read("SELECT sum(x) FROM a"), [])[0].int(0) == 3)
            await #expect(throws: DatabaseError.self) {
                try await connection.script("INSERT INTO a VALUES (3); INSERT INTO nowhere VALUES (1);")
            }
            try await connection.rollback()
            try await #expect(connection.execute(.read("SELECT sum(x) FROM a"), [])[0].int(0) == 3)
            let timeout = try await connection.execute(.read("SELECT current_setting('statement_timeout')"), [])
            try #expect(timeout[0].string(0) == "5s")
        }
    }

    @Test func notificationsReachTheHandler() async throws {
        try await withConnection { connection in
            let received = Tally()
            await connection.onNotification { if $0.channel == "jobs", $0.payload == "42" { received.raise() } }
            _ = try await connection.execute(.write("LISTEN jobs"), [])
            _ = try await connection.execute(.write("SELECT pg_notify('jobs', '42')"), [])
            try await #expect(eventually(on: connection.loop) { received.count == 1 })
        }
    }

    @Test func nobodyListeningIsUnavailable() async throws {
        try await withLoop { isolation in
            let configuration = try DatabaseConfiguration(url: "postgres://u@127.0.0.1:1/db")
            guard case .postgres(let endpoint) = configuration.location else { return }
            let error = await #expect(throws: DatabaseError.self) {
                _ = try await PostgresConnection.connect(
                    to: endpoint, configuration: configuration, isShared: true, loop: isolation.loop)
            }
            guard case .unavailable? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }
}

// MARK: - Helpers

/// Lets many tasks use one connection, which belongs to its loop.
private actor Driver {
    nonisolated let loop: EventLoop
    private let connection: PostgresConnection

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    init(_ connection: sending PostgresConnection) {
        loop = connection.loop
        self.connection = connection
    }

    var session: PostgresSession { connection.session }
    var inFlight: Int { connection.inFlight }
    var isUsable: Bool { connection.isUsable }

    func execute(_ statement: SQLStatement, _ bindings: [SQLValue]) async throws(DatabaseError) -> SQLRows {
        try await connection.execute(statement, bindings)
    }

    func ping() async throws(DatabaseError) { try await connection.ping() }
    func script(_ sql: String) async throws(DatabaseError) { try await connection.script(sql) }
    func begin(_ mode: TransactionMode) async throws(DatabaseError) { try await connection.begin(mode) }
    func commit() async throws(DatabaseError) { try await connection.commit() }
    func rollback() async throws(DatabaseError) { try await connection.rollback() }
    func close() async { await connection.close() }

    func onNotification(_ handler: @escaping @Sendable (PostgresNotification) -> Void) {
        connection.notificationHandler = handler
    }
}

/// Runs `body` on a connection that prepares its statements, and on one that does not.
private func withConnection(
    on servers: [TestDatabase] = TestDatabase.servers, isShared: Bool = true,
    configure: @escaping @Sendable (inout DatabaseConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (Driver) async throws -> Void
) async throws {
    for server in servers {
        try await server.inTurn {
            try await withLoop { isolation in
                try await server.withConfiguration(on: isolation.loop) { configuration in
                    var configuration = configuration
                    configure(&configuration)
                    guard case .postgres(let endpoint) = configuration.location else { return }
                    let driver = Driver(
                        try await PostgresConnection.connect(
                            to: endpoint, configuration: configuration, isShared: isShared, loop: isolation.loop))
                    let task = Task(executorPreference: isolation.loop) { try await body(driver) }
                    let result = await task.result
                    await driver.close()
                    try result.get()
                }
            }
        }
    }
}

/// Runs a statement for each number, all at once, with the number as `$1`.
private func each(
    _ numbers: Range<Int>, on connection: Driver, _ statement: @escaping @Sendable (Int) -> SQLStatement
) async -> [(Int, Result<SQLRows, DatabaseError>)] {
    await withTaskGroup(of: (Int, Result<SQLRows, DatabaseError>).self) { group in
        for number in numbers {
            group.addTask(executorPreference: connection.loop) {
                do throws(DatabaseError) {
                    return (number, .success(try await connection.execute(statement(number), [.int(Int64(number))])))
                } catch {
                    return (number, .failure(error))
                }
            }
        }
        var results: [(Int, Result<SQLRows, DatabaseError>)] = []
        for await result in group { results.append(result) }
        return results.sorted { $0.0 < $1.0 }
    }
}

private func fails(_ connection: Driver, _ sql: String, _ expected: DatabaseError) async throws {
    await #expect(throws: expected) { _ = try await connection.execute(.write(sql), []) }
}
