// What hangs on the tables that are taken over: what of it goes on, what is told, and what is refused. Real databases.

import Actors
@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct AdoptionPartsTests {
    /// Beside users and tasks, and their rows 1 and 2 of tasks.
    private static let parts = """
        ALTER TABLE tasks ADD COLUMN project_id INTEGER;
        ALTER TABLE tasks ADD COLUMN effort INTEGER CONSTRAINT effort_is_positive CHECK (effort >= 0 AND effort < 100);
        ALTER TABLE tasks ADD COLUMN reviewer INTEGER CONSTRAINT reviewed CHECK (reviewer IS NOT NULL OR effort < 5);
        UPDATE tasks SET project_id = 1;
        CREATE UNIQUE INDEX uq_tasks_project ON tasks (project_id, title);
        CREATE UNIQUE INDEX uq_tasks_due ON tasks (user_id, due_date);
        CREATE UNIQUE INDEX uq_tasks_effort ON tasks (lower(title), effort) WHERE effort > 1;
        CREATE INDEX ix_tasks_id ON tasks (id);
        CREATE INDEX ix_tasks_title ON tasks (title);
        CREATE INDEX tasks_status_idx ON tasks (status, title DESC);
        CREATE INDEX ix_users_superuser ON users (is_superuser);

        """

    @Test(arguments: TestDatabase.available)
    func indexesAndChecksOfColumnsThatStayGoOnAndTheOthersAreNamed(_ backend: TestDatabase) async throws {
        try await backend.withPool(configure: { $0.enforcesForeignKeys = false }) { pool in
            try await pool.script(FastAPIDatabase.tasks.text(pool.dialect) + AdoptionPartsTests.parts)
            let remarks = [
                "indexes of users that are not carried over: ix_users_superuser",
                "checks of tasks that are not carried over: reviewed",
            ]
            let planned = try await Migrator(pool: pool).plannedUp()
            #expect(planned[0].sql.hasPrefix(remarks.map { "-- note: \($0)\n" }.joined()))
            var report: AdoptionReport?
            try await Migrator(pool: pool).up(adopted: { report = $0 })
            #expect(report?.remarks == remarks)

            for refused in [
                "(title, owner_id, project_id) VALUES ('One', 2, 1)",
                "(title, owner_id, due_date) VALUES ('x', 1, '2025-06-07 08:09:10.000000\(backend.dialect == .postgres ? "+00" : "")')",
                "(title, owner_id, effort) VALUES ('x', 1, -1)",
                "(title, owner_id, effort) VALUES ('x', 1, 100)",
                "(title, owner_id, effort) VALUES ('y', 1, 7), ('Y', 2, 7)",
            ] {
                await #expect(throws: DatabaseError.self, "\(refused)") { try await pool.script("INSERT INTO tasks \(refused)") }
            }
            // None of them demands anything of our own rows.
            try await pool.script(
                "INSERT INTO tasks (title, owner_id) VALUES ('One', 1); INSERT INTO tasks (title, owner_id) VALUES ('One', 1)")

            let tasks = try #require(await SchemaReader.read(pool)["tasks"])
            let theirs = tasks.indexes.map(\.name).filter { name in
                !(DatabaseSchema.declared["tasks"]?.indexes ?? []).contains { $0.name == name }
            }
            #expect(Set(theirs) == ["adopted_tasks_status_idx", "ix_tasks_title", "uq_tasks_due", "uq_tasks_effort", "uq_tasks_project"])
            #expect(
                tasks.indexes.first { $0.name == "uq_tasks_due" }?.keys
                    == ["owner_id", "due_date"].map { name in
                        backend.dialect == .postgres ? name : SQLText.identifier(name)
                    })
            // What goes on is no fault of the schema.
            let changes = try await Migrator(pool: pool).schemaChanges()
            #expect(changes.allSatisfy { $0.isOnlySurplus }, "\(changes.flatMap(\.lines))")
        }
    }

    @Test func whatPostgreSQLKnowsOfATableBesideIsNamed() async throws {
        guard let backend = TestDatabase.available.first(where: { $0.dialect == .postgres }) else { return }
        try await backend.withPool { pool in
            try await pool.script(
                FastAPIDatabase.tasks.postgres + """
                    CREATE POLICY own_rows ON tasks USING (true);
                    ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
                    GRANT SELECT ON users TO PUBLIC;
                    GRANT UPDATE (email) ON users TO PUBLIC;
                    ALTER TABLE tasks ADD COLUMN team_id integer;
                    CREATE TABLE teams (id integer, owner_id integer, PRIMARY KEY (id, owner_id));
                    ALTER TABLE tasks ADD CONSTRAINT tasks_team FOREIGN KEY (team_id, user_id) REFERENCES teams (id, owner_id);
                    """)
            var report: AdoptionReport?
            try await Migrator(pool: pool).up(adopted: { report = $0 })
            #expect(
                report?.remarks == [
                    "grants of users that are not carried over: public (SELECT UPDATE of email)",
                    "foreign keys of tasks that are not carried over: tasks_team",
                    "row level security policies of tasks that are not carried over: own_rows, that it is enabled",
                ])
        }
    }

    @Test func viewsOfSQLiteStayAndAreNamed() async throws {
        try await TestDatabase.sqlite.withPool(configure: { $0.enforcesForeignKeys = false }) { pool in
            try await pool.script(FastAPIDatabase.tasks.sqlite + "CREATE VIEW names AS SELECT username FROM users;")
            var report: AdoptionReport?
            try await Migrator(pool: pool).up(adopted: { report = $0 })
            #expect(report?.remarks == ["views that mention users, and may name columns that it does not have any more: names"])
            try await #expect(pool.execute(.read("SELECT count(*) FROM names"), [])[0].int(0) == 2)
        }
    }

    /// What an operator must decide; with what is said to each of it.
    static let refusals: [(dialects: [SQLDialect], spoil: String, reason: String)] = [
        (
            [.sqlite], "CREATE TRIGGER touch AFTER UPDATE ON tasks BEGIN SELECT 1; END;",
            "tasks has triggers, which cannot be carried over; drop these first, and make them again afterwards for the columns that "
                + "there are then: touch"
        ),
        (
            [.postgres],
            """
            CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
            CREATE TRIGGER touch BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION touch();
            CREATE RULE nothing AS ON DELETE TO tasks DO INSTEAD NOTHING;
            """,
            "tasks has triggers or rules, which cannot be carried over; drop these first, and make them again afterwards for the columns "
                + "that there are then: nothing, touch"
        ),
        (
            [.sqlite, .postgres], "CREATE UNIQUE INDEX uq_tasks ON tasks (title, status);",
            "tasks: uq_tasks cannot be carried over, because columns of it do not stay what they are; if you can do without, "
                + "drop it first (DROP INDEX \"uq_tasks\")"
        ),
        (
            [.postgres], "ALTER TABLE users ADD CONSTRAINT uq_users UNIQUE (is_superuser, full_name);",
            "users: uq_users cannot be carried over, because columns of it do not stay what they are; if you can do without, "
                + "drop it first (ALTER TABLE \"users\" DROP CONSTRAINT \"uq_users\")"
        ),
        (
            [.sqlite],
            "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price REAL, created TEXT, UNIQUE (created, name COLLATE NOCASE));"
                + "CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER, title TEXT, body TEXT);"
                + "CREATE UNIQUE INDEX uq_posts ON posts (lower(title), author_id);",
            "posts: uq_posts cannot be carried over, because columns of it do not stay what they are; if you can do without, "
                + "drop it first (DROP INDEX \"uq_posts\")"
        ),
        (
            [.postgres], "CREATE VIEW names AS SELECT username FROM users;",
            "views depend on users, which is made anew; drop these first, and make them again afterwards for the columns that there are then: "
                + "names"
        ),
        (
            [.postgres], "ALTER TABLE tasks ADD CONSTRAINT ex_tasks EXCLUDE USING btree (title WITH =);",
            "tasks has exclusion constraints, which cannot be carried over; if you can do without, drop these first: ex_tasks"
        ),
        (
            [.postgres], "ALTER TABLE tasks ENABLE ROW LEVEL SECURITY; ALTER TABLE tasks FORCE ROW LEVEL SECURITY;",
            "row level security may hide rows from this program, which would be lost; first say ALTER TABLE \"tasks\" NO FORCE ROW LEVEL "
                + "SECURITY: tasks"
        ),
        (
            [.sqlite, .postgres], "DROP TABLE labels; ALTER TABLE users RENAME TO \"user\";",
            "table tasks belongs to users, and there is no table users: rename user first (ALTER TABLE \"user\" RENAME TO \"users\")"
        ),
        (
            [.sqlite, .postgres], "DROP TABLE labels; ALTER TABLE users RENAME TO accounts;",
            "table tasks belongs to users, and there is no table users: rename the table that it refers to first"
        ),
        // Times: what no later query could read.
        (
            [.postgres], "UPDATE tasks SET due_date = 'infinity' WHERE id = 2;",
            "tasks.due_date holds what is no time of the years 1 to 9999, in rows: 2"
        ),
        (
            [.postgres], "UPDATE tasks SET due_date = '10000-01-01' WHERE id = 1;",
            "tasks.due_date holds what is no time of the years 1 to 9999, in rows: 1"
        ),
        (
            [.postgres],
            "UPDATE users SET created_at = '-infinity' WHERE id = 2; UPDATE users SET created_at = '0044-03-15 BC' WHERE id = 1;",
            "users.created_at holds what is no time of the years 1 to 9999, in rows: 1, 2"
        ),
        (
            [.postgres], "ALTER TABLE tasks ALTER COLUMN due_date TYPE date; UPDATE tasks SET due_date = '5874897-12-31' WHERE id = 2;",
            "tasks.due_date holds what is no time of the years 1 to 9999, in rows: 2"
        ),
    ]

    @Test(arguments: TestDatabase.available, refusals.indices)
    func whatMustBeDecidedFirstIsRefusedAndNothingIsChanged(_ backend: TestDatabase, _ index: Int) async throws {
        let (dialects, spoil, reason) = AdoptionPartsTests.refusals[index]
        guard dialects.contains(backend.dialect) else { return }
        try await backend.withPool(configure: { $0.enforcesForeignKeys = false }) { pool in
            try await pool.script(FastAPIDatabase.tasks.text(pool.dialect) + spoil)
            let before = try await SchemaReader.read(pool)
            await #expect(throws: MigrationError.notAdoptable([reason])) { try await Migrator(pool: pool).up() }
            await #expect(throws: MigrationError.notAdoptable([reason])) { try await Migrator(pool: pool).plannedUp() }
            try await #expect(SchemaReader.read(pool) == before)
        }
    }

    @Test(arguments: [
        "'2024-99-99 10:00:00.000000'", "'2024-02-30 10:00:00.000000'", "'2024-01-01 24:00:00.000000'", "'2024-01-01 10:61:00.000000'",
        "'0000-01-01 10:00:00.000000'", "'2024-02-30'", "'2024-02-30 10:00'", "'10:00'", "'now'",
        "'0001-01-01T00:00:00+02:00'",
        "253402300800", "-62135596801", "1700000000000", "x'32303234'", "''",
    ])
    func whatSQLiteOnlyTakesForATimeIsRefused(_ text: String) async throws {
        try await TestDatabase.sqlite.withPool(configure: { $0.enforcesForeignKeys = false }) { pool in
            try await pool.script(FastAPIDatabase.tasks.sqlite + "UPDATE tasks SET due_date = \(text) WHERE id = 2")
            let reason = "tasks.due_date holds what is no time of the years 1 to 9999, in rows: 2"
            await #expect(throws: MigrationError.notAdoptable([reason])) { try await Migrator(pool: pool).up() }
        }
    }

    @Test(arguments: [
        ("'0001-01-01 00:00:00.000000'", "0001-01-01T00:00:00Z"), ("'9999-12-31 23:59:59.999999'", "9999-12-31T23:59:59.999999Z"),
        ("'2024-02-29T10:00:00.123456'", "2024-02-29T10:00:00.123456Z"), ("'2024-01-31 23:59:59.999999'", "2024-01-31T23:59:59.999999Z"),
        ("'2024-02-29'", "2024-02-29T00:00:00Z"), ("'2024-02-29 10:00'", "2024-02-29T10:00:00Z"),
        ("'2024-02-29T10:00:00.5+01:00'", "2024-02-29T09:00:00.5Z"), ("0", "1970-01-01T00:00:00Z"),
    ])
    func timesOfEverySpellingAreRead(_ text: String, _ time: String) async throws {
        try await TestDatabase.sqlite.withPool(configure: { $0.enforcesForeignKeys = false }) { pool in
            try await pool.script(FastAPIDatabase.tasks.sqlite + "UPDATE tasks SET due_date = \(text) WHERE id = 2")
            try await Migrator(pool: pool).up()
            let row = try await pool.execute(.read("SELECT due_date FROM tasks WHERE id = 2"), [])[0]
            try #expect(row.timestamp(0) == Timestamp(rfc3339: Text(time)))
        }
    }
}
