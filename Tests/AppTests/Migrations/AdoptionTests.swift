// Taking over the databases of FastAPI applications.

import Actors
@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct AdoptionTests {
    @Test(arguments: TestDatabase.available, FastAPIDatabase.all)
    func everyTableComesOutAsDeclaredButForWhatIsKept(_ backend: TestDatabase, _ database: FastAPIDatabase) async throws {
        try await adopted(database, on: backend) { pool, report in
            let changes = try await Migrator(pool: pool).schemaChanges()
            #expect(changes.allSatisfy { $0.isOnlySurplus }, "\(changes.flatMap(\.lines))")
            try await #expect(Migrator(pool: pool).history().map(\.version) == Migration.all.map(\.version))
            try await #expect(Migrator(pool: pool).up().isEmpty)
            // The old table is gone, and so are the names it had meanwhile.
            try await #expect(SchemaReader.read(pool).tables.filter { $0.name.hasPrefix("adopted") }.isEmpty)
            // It works as ours: constraints bear our names, and numbers go on.
            await #expect(throws: DatabaseError.constraint(.unique, name: "users_email_key")) {
                try await pool.execute(.write("INSERT INTO users (email) VALUES ('ANN@example.com')"), [])
            }
            try await #expect(pool.execute(.write("INSERT INTO users (email) VALUES ('new@example.com') RETURNING id"), [])[0].int(0) > 2)
        }
    }

    @Test(arguments: TestDatabase.available)
    func usersAndProducts(_ backend: TestDatabase) async throws {
        try await adopted(.products, on: backend) { pool, report in
            #expect(report.summary == "adopted users, products from Alembic revision 5c1f0e7a9b3d")
            #expect(report.remarks.isEmpty)
            try await #expect(pool.execute(.read("SELECT version_num FROM alembic_version"), [])[0].string(0) == "5c1f0e7a9b3d")
            let users = try await pool.execute(.read("SELECT id, email, hashed_password, role, is_active FROM users ORDER BY id"), [])
            #expect(users.count == 2)
            try #expect(users[0].int(0) == 1)
            try #expect(users[0].string(1) == "Ann@example.com")
            try #expect(users[0].string(2) == FastAPIDatabase.bcrypt)
            try #expect(users.map { try $0.string(3) } == ["admin", "user"])
            try #expect(users.map { try $0.bool(4) } == [true, true])
            let type = ArchiveType.decimal(scale: 2)
            let products = try await pool.execute(.read("SELECT name, price, in_stock, sku, created_at FROM products ORDER BY id"), [])
            var prices: [String] = []
            for row in products {
                var json = JSONWriter()
                try type.write(row, 1, pool.dialect, to: &json)
                prices.append(String(decoding: json.bytes, as: UTF8.self))
            }
            #expect(prices == ["\"1.10\"", "\"19.90\""])
            try #expect(products.map { try $0.bool(2) } == [true, true])
            try #expect(products.map { try $0.string(3) } == ["p-1", "p-2"])
            try #expect(products[0].timestamp(4) == Timestamp(rfc3339: "2024-01-02T03:04:05.678901Z"))
            // Kept: unique as it was, and not demanded of our own rows.
            await #expect(throws: DatabaseError.self) { try await pool.execute(.write("UPDATE products SET sku = 'p-1'"), []) }
            _ = try await pool.execute(.write("INSERT INTO products (name, price) VALUES ('Cap', 1)"), [])
        }
    }

    @Test(arguments: TestDatabase.available)
    func usersAndTasks(_ backend: TestDatabase) async throws {
        try await adopted(.tasks, on: backend) { pool, report in
            #expect(report.tables == ["users", "tasks"])
            let users = try await pool.execute(
                .read("SELECT username, full_name, role, created_at, updated_at FROM users ORDER BY id"), [])
            try #expect(users.map { try $0.string(0) } == ["ann", "bob"])
            try #expect(users.map { try $0.optionalString(1) } == ["Ann A.", nil])
            try #expect(users.map { try $0.string(2) } == ["admin", "user"])
            let made = Timestamp(rfc3339: "2024-01-02T03:04:05Z")
            // One was written with a zone; a row that was never changed was last changed when it was made.
            try #expect(users.map { try $0.timestamp(3) } == [made, made])
            try #expect(users.map { try $0.timestamp(4) } == [made, made])
            let tasks = try await pool.execute(.read("SELECT title, status, priority, due_date, owner_id FROM tasks ORDER BY id"), [])
            try #expect(tasks.map { try $0.string(1) } == ["pending", "in_progress"])
            try #expect(tasks.map { try $0.string(2) } == ["medium", "high"])
            try #expect(tasks[0].timestamp(3) == Timestamp(rfc3339: "2025-06-07T08:09:10Z"))
            try #expect(tasks.map { try $0.int(4) } == [1, 2])
            // Task 3 was deleted; its number is not given out again.
            try await #expect(
                pool.execute(.write("INSERT INTO tasks (title, owner_id) VALUES ('t', 1) RETURNING id"), [])[0].int(0) == 4)
            // A table of theirs that refers to users still does.
            await #expect(throws: DatabaseError.self) {
                try await enforcing(pool, "INSERT INTO labels (owner_id, text) VALUES (99, 'x')")
            }
            try await #expect(pool.execute(.read("SELECT text FROM labels WHERE owner_id = 1"), [])[0].string(0) == "red")
        }
    }

    @Test(arguments: TestDatabase.available)
    func roles(_ backend: TestDatabase) async throws {
        try await adopted(.roles, on: backend) { pool, report in
            #expect(report.summary == "adopted users, posts")
            #expect(report.remarks == ["roles that this program does not have became user: moderator (1)"])
            let users = try await pool.execute(
                .read(
                    """
                    SELECT role, is_active, email_verified_at IS NOT NULL, hashed_password, phone, organisation_id, "plan", created_at
                    FROM users ORDER BY id
                    """), [])
            try #expect(users.map { try $0.string(0) } == ["admin", "user"])
            try #expect(users.map { try $0.bool(1) } == [true, false])
            try #expect(users.map { try $0.bool(2) } == [true, false])
            try #expect(users[0].string(3) == FastAPIDatabase.bcrypt)
            try #expect(users.map { try $0.string(4) } == ["1", "2"])
            try #expect(users.map { try $0.optionalInt(5) } == [1, nil])
            try #expect(users.map { try $0.string(6) } == ["free", "free"])
            try #expect(users[0].timestamp(7) == Timestamp(rfc3339: "2024-01-02T00:00:00Z"))
            let post = try await pool.execute(.read("SELECT user_id, title, content FROM posts"), [])[0]
            try #expect(post.int(0) == 2)
            try #expect(post.string(2) == "World")
            let added = try await pool.execute(.write("INSERT INTO users (email) VALUES ('c@example.com') RETURNING \"plan\""), [])
            try #expect(added[0].string(0) == "free")
            await #expect(throws: DatabaseError.self) {
                try await enforcing(pool, "UPDATE users SET organisation_id = 99")
            }
        }
    }

    /// What is refused, and why; the statement spoils a database of users and tasks.
    static let refusals: [(spoil: String, reason: String)] = [
        (
            "INSERT INTO users (email, username, hashed_password) VALUES ('ANN@example.com', 'c', 'x')",
            "users.email holds values that are the same but for upper and lower case: ann@example.com"
        ),
        (
            "UPDATE users SET username = 'x123456789x123456789x123456789x123456789x123456789x' WHERE id = 2",
            "users.username is longer than 50 characters, in rows: 2"
        ),
        ("UPDATE tasks SET status = 'blocked' WHERE id = 1", "tasks.status holds what is no status of this program, in rows: 1"),
        ("UPDATE tasks SET priority = '7'", "tasks.priority holds what is no priority of this program, in rows: 1, 2"),
        ("ALTER TABLE users RENAME COLUMN email TO mail", "table users has no column for email: it is not what this program takes it for"),
        ("CREATE TABLE sessions (id integer)", "table sessions is in the way: this program makes one of that name; rename it"),
        (
            "ALTER TABLE tasks RENAME COLUMN user_id TO someone",
            "table tasks has no column for owner_id: it is not what this program takes it for"
        ),
    ]

    @Test(arguments: TestDatabase.available, refusals.indices)
    func whatCannotBeTakenOverIsRefusedAndNothingIsChanged(_ backend: TestDatabase, _ index: Int) async throws {
        let (spoil, reason) = AdoptionTests.refusals[index]
        try await backend.withPool(configure: { $0.enforcesForeignKeys = false }) { pool in
            try await pool.script(FastAPIDatabase.tasks.text(pool.dialect))
            try await pool.script(spoil)
            let before = try await SchemaReader.read(pool)
            await #expect(throws: MigrationError.notAdoptable([reason])) { try await Migrator(pool: pool).up() }
            await #expect(throws: MigrationError.notAdoptable([reason])) { try await Migrator(pool: pool).plannedUp() }
            try await #expect(SchemaReader.read(pool) == before)
            try await #expect(Migrator(pool: pool).history().isEmpty)
        }
    }

    @Test func rowsWithoutTheirOwnerAreRefused() async throws {
        try await TestDatabase.sqlite.withPool(configure: { $0.enforcesForeignKeys = false }) { pool in
            try await pool.script(FastAPIDatabase.tasks.sqlite + "DELETE FROM users WHERE id = 2; DELETE FROM labels")
            let reason = "tasks.user_id points to no row of users; delete these rows or give them an owner: 2"
            await #expect(throws: MigrationError.notAdoptable([reason])) { try await Migrator(pool: pool).up() }
        }
    }

    @Test func timesThatAreNoneAreRefused() async throws {
        try await TestDatabase.sqlite.withPool(configure: { $0.enforcesForeignKeys = false }) { pool in
            try await pool.script(FastAPIDatabase.tasks.sqlite + "UPDATE tasks SET due_date = 'tomorrow' WHERE id = 2")
            let reason = "tasks.due_date holds what is no time of the years 1 to 9999, in rows: 2"
            await #expect(throws: MigrationError.notAdoptable([reason])) { try await Migrator(pool: pool).up() }
        }
    }

    @Test func aConnectionThatWouldDeleteChildrenIsRefused() async throws {
        try await TestDatabase.sqlite.withPool { pool in
            try await pool.script(FastAPIDatabase.tasks.sqlite)
            await #expect(throws: MigrationError.self) { try await Migrator(pool: pool).up() }
            try await #expect(pool.execute(.read("SELECT count(*) FROM tasks"), [])[0].int(0) == 2)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aFailureMidwayLeavesEverythingAsItWas(_ backend: TestDatabase) async throws {
        try await backend.withPool(configure: { $0.enforcesForeignKeys = false }) { pool in
            try await pool.script(FastAPIDatabase.tasks.text(pool.dialect))
            let before = try await SchemaReader.read(pool)
            let failing = Migration(
                version: 99, name: "failing", up: Migration.Script(postgres: "SELECT nothing", sqlite: "SELECT nothing"),
                down: Migration.Script(postgres: "", sqlite: ""))
            await #expect(throws: MigrationError.self) { try await Migrator(pool: pool, known: Migration.all + [failing]).up() }
            try await #expect(SchemaReader.read(pool) == before)
            try await #expect(pool.execute(.read("SELECT count(*) FROM tasks"), [])[0].int(0) == 2)
            try await #expect(Migrator(pool: pool).up() == Migration.all)
        }
    }

    @Test(arguments: TestDatabase.available)
    func ofFiveThatStartAtOnceOneAdopts(_ backend: TestDatabase) async throws {
        try await backend.withPools(5, configure: { $0.enforcesForeignKeys = false }) { pools in
            try await pools[0].script(FastAPIDatabase.tasks.text(backend.dialect))
            let adoptions = try await withThrowingTaskGroup(of: Int.self) { group in
                for pool in pools {
                    group.addTask(executorPreference: pool.loop) {
                        var count = 0
                        try await Migrator(pool: pool).up(adopted: { _ in count += 1 })
                        return count
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(adoptions == 1)
            try await #expect(pools[0].execute(.read("SELECT count(*) FROM users"), [])[0].int(0) == 2)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aDryRunNamesTheAdoptionAndChangesNothing(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            try await pool.script(FastAPIDatabase.tasks.text(pool.dialect))
            let before = try await SchemaReader.read(pool)
            let planned = try await Migrator(pool: pool).plannedUp()
            #expect(planned.first?.label == "adopted users, tasks from Alembic revision 5c1f0e7a9b3d: moving aside")
            #expect(planned.dropFirst().dropLast().map(\.label) == Migration.all.map(\.label))
            #expect(planned.last?.sql.contains("INSERT INTO \"users\"") == true)
            try await #expect(SchemaReader.read(pool) == before)
        }
    }

    // MARK: Pieces

    private func adopted(
        _ database: FastAPIDatabase, on backend: TestDatabase,
        _ body: @escaping @Sendable (DatabasePool, AdoptionReport) async throws -> Void
    ) async throws {
        try await backend.withPool(configure: { $0.enforcesForeignKeys = false }) { pool in
            try await pool.script(database.text(pool.dialect))
            var report: AdoptionReport?
            try await #expect(Migrator(pool: pool).up(adopted: { report = $0 }) == Migration.all)
            try await body(pool, try #require(report))
        }
    }

    /// Runs a statement with foreign keys enforced, as the server's connections do.
    private func enforcing(_ pool: DatabasePool, _ sql: String) async throws {
        if pool.dialect == .sqlite { try await pool.script("PRAGMA foreign_keys = ON") }
        try await pool.script(sql)
    }
}
