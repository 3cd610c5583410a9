// Migrating real databases.

import Actors
@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct MigratorTests {
    @Test(arguments: TestDatabase.available)
    func upDownBaseAndUpAgain(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let migrator = Migrator(pool: pool)
            let wasUpToDate = try await migrator.isUpToDate()
            #expect(!wasUpToDate)
            try await #expect(migrator.up() == Migration.all)
            try await #expect(migrator.up().isEmpty)
            try await #expect(migrator.isUpToDate())
            try await #expect(migrator.down() == [Migration.all.last])
            try await #expect(migrator.up() == [Migration.all.last])
            try await #expect(migrator.base() == Migration.all.reversed())
            try await #expect(migrator.base().isEmpty)
            try await #expect(migrator.history().isEmpty)
            try await #expect(migrator.up() == Migration.all)
            try await #expect(migrator.history().map(\.version) == Migration.all.map(\.version))
        }
    }

    @Test(arguments: TestDatabase.available)
    func baseLeavesNoTableButItsOwn(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let migrator = Migrator(pool: pool)
            try await migrator.up()
            try await migrator.base()
            try await #expect(tables(pool) == ["schema_migrations"])
        }
    }

    @Test(arguments: TestDatabase.available)
    func theFirstMigrationNamesItsConstraints(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            try await Migrator(pool: pool).up()
            let user = SQLStatement.write("INSERT INTO users (email, username) VALUES ($1, $2)")
            _ = try await pool.execute(user, [.text("ann@example.com"), .text("ann")])
            let faults: [(SQLStatement, [SQLValue], DatabaseError)] = [
                (user, [.text("ANN@example.com"), .text("bob")], .constraint(.unique, name: "users_email_key")),
                (user, [.text("bob@example.com"), .text("ann")], .constraint(.unique, name: "users_username_key")),
                (
                    .write("UPDATE users SET role = 'king'"), [], .constraint(.check, name: "users_role_check")
                ),
                (
                    .write("INSERT INTO tasks (title, owner_id, status) VALUES ('t', 1, 'lost')"), [],
                    .constraint(.check, name: "tasks_status_check")
                ),
                (
                    .write("INSERT INTO tasks (title, owner_id, priority) VALUES ('t', 1, 'huge')"), [],
                    .constraint(.check, name: "tasks_priority_check")
                ),
            ]
            for (statement, bindings, error) in faults {
                await #expect(throws: error, "\(statement.sqlite)") { try await pool.execute(statement, bindings) }
            }
            _ = try await pool.execute(.write("INSERT INTO tasks (title, owner_id) VALUES ('t', 1)"), [])
            _ = try await pool.execute(.write("DELETE FROM users WHERE id = 1"), [])
            try await #expect(pool.execute(.read("SELECT count(*) FROM tasks"), [])[0].int(0) == 0)
        }
    }

    @Test(arguments: TestDatabase.available)
    func timesThatTheDatabaseFillsInAreReadAsTimes(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            try await Migrator(pool: pool).up()
            let before = Timestamp.now()
            let row = try await pool.execute(
                .write("INSERT INTO users (email) VALUES ('a@b') RETURNING created_at, is_active, role"), [])[0]
            // SQLite's clock has milliseconds.
            try #expect(row.timestamp(0) > before - .seconds(1))
            try #expect(row.timestamp(0) < before + .seconds(60))
            try #expect(row.bool(1))
            try #expect(row.string(2) == "user")
        }
    }

    @Test(arguments: TestDatabase.available)
    func ofFiveThatStartAtOnceOneAppliesEach(_ backend: TestDatabase) async throws {
        try await backend.withPools(5) { pools in
            let known = (1...4).map { stepTable($0) }
            let applied = try await withThrowingTaskGroup(of: [Migration].self) { group in
                for pool in pools {
                    group.addTask(executorPreference: pool.loop) { try await Migrator(pool: pool, known: known).up() }
                }
                var all: [Migration] = []
                for try await some in group { all += some }
                return all
            }
            #expect(applied.sorted { $0.version < $1.version } == known)
            try await #expect(Migrator(pool: pools[0], known: known).isUpToDate())
        }
    }

    @Test(arguments: TestDatabase.available)
    func aChangedMigrationIsRefusedByEveryCommand(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let known = [stepTable(1), stepTable(2)]
            try await Migrator(pool: pool, known: known).up()
            var changed = known
            changed[0].up = Migration.Script(postgres: "SELECT 1", sqlite: "SELECT 1")
            let migrator = Migrator(pool: pool, known: changed)
            let error = MigrationError.checksumChanged(
                label: "0001_step", applied: known[0].checksum(pool.dialect), known: changed[0].checksum(pool.dialect))
            await #expect(throws: error) { try await migrator.up() }
            await #expect(throws: error) { try await migrator.down() }
            await #expect(throws: error) { try await migrator.status() }
            await #expect(throws: error) { try await migrator.isUpToDate() }
        }
    }

    @Test(arguments: TestDatabase.available)
    func aFailingMigrationLeavesNothingAndThoseBeforeItStay(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let text = "CREATE TABLE half (a integer); INSERT INTO nowhere VALUES (1);"
            let failing = Migration(
                version: 2, name: "failing", up: Migration.Script(postgres: text, sqlite: text),
                down: Migration.Script(postgres: "", sqlite: ""))
            let error = await #expect(throws: MigrationError.self) {
                try await Migrator(pool: pool, known: [stepTable(1), failing]).up()
            }
            guard case .failed(label: "0002_failing", isUp: true, .statement(sqlState: "42P01", _))? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            let left = try await tables(pool)
            #expect(left == ["schema_migrations", "step1"])
            try await #expect(Migrator(pool: pool, known: [stepTable(1), stepTable(2)]).up() == [stepTable(2)])
        }
    }

    @Test(arguments: TestDatabase.available)
    func aNewerProgramsMigrationIsReportedAndLeftAlone(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let newer = Migrator(pool: pool, known: [stepTable(1), stepTable(2)])
            try await newer.up()
            let older = Migrator(pool: pool, known: [stepTable(1)])
            try await #expect(older.up().isEmpty)
            try await #expect(older.isUpToDate())
            let status = try await older.status()
            #expect(status.map(\.version) == [1, 2])
            guard case .unknown = status[1].state else {
                Issue.record("\(status[1])")
                return
            }
            await #expect(throws: MigrationError.unknownApplied(label: "0002_step")) { try await older.down() }
            try await #expect(newer.down(2).map(\.version) == [2, 1])
        }
    }

    @Test(arguments: TestDatabase.available)
    func progressIsToldBehindEachMigration(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let migrator = Migrator(pool: pool, known: [stepTable(1), stepTable(2)])
            var told: [String] = []
            try await migrator.up { told.append("up \($0.version)") }
            try await migrator.base { told.append("down \($0.version)") }
            #expect(told == ["up 1", "up 2", "down 2", "down 1"])
        }
    }
}

/// A migration that makes one table.
private func stepTable(_ version: Int) -> Migration {
    let (up, down) = ("CREATE TABLE step\(version) (a integer);", "DROP TABLE step\(version);")
    return Migration(
        version: version, name: "step", up: Migration.Script(postgres: up, sqlite: up),
        down: Migration.Script(postgres: down, sqlite: down))
}

/// The tables of a database, by name.
private func tables(_ pool: DatabasePool) async throws -> [String] {
    let statement = SQLStatement.read(
        postgres: "SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1",
        sqlite: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1")
    var names: [String] = []
    for row in try await pool.execute(statement, []) { names.append(try row.string(0)) }
    return names
}
