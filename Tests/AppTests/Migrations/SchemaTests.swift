// The declared schema against the migrations, and what is generated from differences. Real databases.

import Actors
@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct SchemaTests {
    @Test(arguments: TestDatabase.available)
    func theMigrationsMakeExactlyWhatIsDeclared(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let migrator = Migrator(pool: pool)
            try await migrator.up()
            let changes = try await migrator.schemaChanges()
            #expect(changes.isEmpty, "\(changes.flatMap(\.lines))")
        }
    }

    @Test(arguments: TestDatabase.available)
    func theDeclarationAsSQLMakesWhatIsDeclared(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let text = DatabaseSchema.declared.tables.flatMap { $0.creation(pool.dialect) }.joined(separator: "\n")
            try await pool.script(text)
            let changes = try await Migrator(pool: pool).schemaChanges()
            #expect(changes.isEmpty, "\(changes.flatMap(\.lines))")
        }
    }

    /// What a person might do to the declaration, seen from a database that has the old one.
    static let edits: [(name: String, edit: @Sendable (inout TableSchema) -> Void)] = [
        ("+ column", { $0.columns.append(.optional("phone", .varchar(20))) }),
        ("+ boolean", { $0.columns.append(.required("is_red", .boolean, default: .bool(false))) }),
        ("+ column with the time", { $0.columns.append(.time("seen_at")) }),
        ("- column", { $0.columns.removeAll { $0.name == "note" } }),
        ("- boolean", { $0.columns.removeAll { $0.name == "is_on" } }),
        ("nullable", { $0.columns[2].isNullable = false }),
        ("not nullable", { $0.columns[1].isNullable = true }),
        ("type", { $0.columns[1].type = .text }),
        ("default", { $0.columns[1].defaultValue = .text("other") }),
        ("no default", { $0.columns[1].defaultValue = nil }),
        ("+ index", { $0.indexes.append(.index("things_note_idx", "note", "id DESC")) }),
        (
            "+ unique, partial",
            { $0.indexes.append(IndexSchema(name: "things_p_key", keys: ["lower(title)"], isUnique: true, predicate: "note IS NOT NULL")) }
        ),
        ("- index", { $0.indexes = [] }),
        ("other index", { $0.indexes[0].keys = ["note"] }),
        ("+ check", { $0.checks.append(CheckSchema(name: "things_id_check", expression: "id > 0")) }),
        ("- check", { $0.checks = [] }),
        (
            "+ foreign key",
            {
                $0.columns.append(.optional("parent_id", .bigint));
                $0.foreignKeys.append(
                    ForeignKeySchema(name: "things_parent_id_fkey", columns: ["parent_id"], table: "things", onDelete: .setNull))
            }
        ),
        (
            "+ words of SQL",
            {
                for name in ["case", "end", "set", "when", "limit", "Mixed"] { $0.columns.append(.optional(name, .varchar(20))) }
                $0.columns.append(.required("else", .boolean, default: .bool(false)))
                $0.indexes.append(.index("using", "end", "case DESC", "Mixed"))
                $0.checks.append(CheckSchema(name: "then", expression: "\"set\" > 'a'"))
                $0.foreignKeys[0].name = "grant"
            }
        ),
        ("foreign key's action", { $0.foreignKeys[0].onDelete = .restrict }),
    ]

    static let boxes = TableSchema("boxes", columns: [.id])
    static let things = TableSchema(
        "things",
        columns: [
            .id, .required("title", .varchar(50), default: .text("it's")), .optional("note", .text),
            .required("is_on", .boolean, default: .bool(true)), .optional("box_id", .bigint), .time("made_at"),
        ],
        foreignKeys: [ForeignKeySchema(name: "things_box_id_fkey", columns: ["box_id"], table: "boxes", onDelete: .cascade)],
        checks: [CheckSchema(name: "things_title_check", expression: "title IN ('it''s', 'other', 'a')")],
        indexes: [.index("things_title_idx", "title")])

    @Test(arguments: TestDatabase.available, edits.indices)
    func aGeneratedMigrationGoesBothWaysAndKeepsTheRows(_ backend: TestDatabase, _ edit: Int) async throws {
        try await backend.withPool(configure: { $0.enforcesForeignKeys = false }) { pool in
            let old = DatabaseSchema(tables: [SchemaTests.boxes, SchemaTests.things])
            var new = old
            SchemaTests.edits[edit].edit(&new.tables[1])
            let first = SchemaTests.migration(1, SchemaDifference.changes(from: DatabaseSchema(tables: []), to: old, in: pool.dialect))
            try await Migrator(pool: pool, known: [first]).up()
            try await pool.script(
                "INSERT INTO boxes (id) VALUES (1); INSERT INTO things (title, note, box_id) VALUES ('a', 'n', 1), ('other', 'm', 1)")

            let migrator = Migrator(pool: pool, known: [first])
            let changes = try await migrator.schemaChanges(declared: new)
            if changes.isEmpty {
                // Both are TEXT there.
                #expect(SchemaTests.edits[edit].name == "type" && pool.dialect == .sqlite)
                return
            }
            let both = Migrator(pool: pool, known: [first, SchemaTests.migration(2, changes)])
            try await both.up()
            let left = try await both.schemaChanges(declared: new)
            #expect(left.isEmpty, "\(SchemaTests.edits[edit].name): \(left.flatMap(\.lines))")
            try await #expect(pool.execute(.read("SELECT count(*) FROM things WHERE box_id = 1"), []).first?.int(0) == 2)

            try await both.down()
            let back = try await both.schemaChanges(declared: old)
            #expect(back.isEmpty, "\(SchemaTests.edits[edit].name), back: \(back.flatMap(\.lines))")
            try await #expect(pool.execute(.read("SELECT count(*) FROM things WHERE title IN ('a', 'other')"), []).first?.int(0) == 2)
        }
    }

    @Test(arguments: TestDatabase.available)
    func tablesMayBeCalledAnything(_ backend: TestDatabase) async throws {
        try await backend.withPool(configure: { $0.enforcesForeignKeys = false }) { pool in
            let parent = TableSchema("order", columns: [.required("when", .uuid), .optional("end", .text)], primaryKey: ["when"])
            let child = TableSchema(
                "case", columns: [.id, .optional("set", .uuid)],
                foreignKeys: [ForeignKeySchema(name: "case_set", columns: ["set"], table: "order", referencedColumns: ["when"])],
                indexes: [.index("else", "set DESC")])
            let new = DatabaseSchema(tables: [parent, child])
            let changes = SchemaDifference.changes(from: DatabaseSchema(tables: []), to: new, in: pool.dialect)
            let migrator = Migrator(pool: pool, known: [SchemaTests.migration(1, changes)])
            try await migrator.up()
            let left = try await migrator.schemaChanges(declared: new)
            #expect(left.isEmpty, "\(left.flatMap(\.lines))")
            try await migrator.base()
            try await #expect(SchemaReader.read(pool).tables.isEmpty)
        }
    }

    @Test func everyWordThatPostgreSQLReservesIsQuoted() async throws {
        guard let backend = TestDatabase.available.first(where: { $0.dialect == .postgres }) else { return }
        try await backend.withPool { pool in
            for row in try await pool.execute(.read("SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')"), []) {
                let word = try row.string(0)
                #expect(SQLText.name(word) == SQLText.identifier(word))
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func rebuildingAParentKeepsItsChildren(_ backend: TestDatabase) async throws {
        try await backend.withPool(configure: { $0.enforcesForeignKeys = false }) { pool in
            let old = DatabaseSchema(tables: [SchemaTests.boxes, SchemaTests.things])
            var new = old
            new.tables[0].columns.append(.time("made_at"))
            let first = SchemaTests.migration(1, SchemaDifference.changes(from: DatabaseSchema(tables: []), to: old, in: pool.dialect))
            let migrator = Migrator(pool: pool, known: [first])
            try await migrator.up()
            try await pool.script("INSERT INTO boxes (id) VALUES (7); INSERT INTO things (box_id, title) VALUES (7, 'a')")
            let changes = try await migrator.schemaChanges(declared: new)
            try await Migrator(pool: pool, known: [first, SchemaTests.migration(2, changes)]).up()
            try await #expect(pool.execute(.read("SELECT box_id FROM things"), []).first?.int(0) == 7)
            try await #expect(migrator.schemaChanges(declared: new).isEmpty)
        }
    }

    @Test func aMigrationThatLeavesOrphansIsRolledBack() async throws {
        try await TestDatabase.sqlite.withPool(configure: { $0.enforcesForeignKeys = false }) { pool in
            let old = DatabaseSchema(tables: [SchemaTests.boxes, SchemaTests.things])
            let first = SchemaTests.migration(1, SchemaDifference.changes(from: DatabaseSchema(tables: []), to: old, in: pool.dialect))
            var second = SchemaTests.migration(2, [])
            second.up.sqlite = "INSERT INTO things (box_id, title) VALUES (99, 'a')"
            let migrator = Migrator(pool: pool, known: [first, second])
            await #expect(throws: MigrationError.brokenReferences(label: "0002_generated", ["things.1 -> boxes"])) {
                try await migrator.up()
            }
            try await #expect(pool.execute(.read("SELECT count(*) FROM things"), []).first?.int(0) == 0)
        }
    }

    @Test func tablesThatAreNotDeclaredAreSurplusAndThoseThatAreMissingAreNot() {
        let live = DatabaseSchema(tables: [SchemaTests.boxes])
        let surplus = SchemaDifference.changes(from: live, to: DatabaseSchema(tables: []), in: .sqlite)
        #expect(surplus == [.dropTable(SchemaTests.boxes)])
        #expect(surplus.allSatisfy { $0.isOnlySurplus })
        let missing = SchemaDifference.changes(from: DatabaseSchema(tables: []), to: live, in: .sqlite)
        #expect(missing == [.createTable(SchemaTests.boxes)])
        #expect(!missing.allSatisfy { $0.isOnlySurplus })
        #expect(missing.map(\.inverse) == surplus)
    }

    static func migration(_ version: Int, _ changes: [SchemaChange]) -> Migration {
        let scripts = SchemaChange.scripts(changes)
        return Migration(version: version, name: "generated", up: scripts.up, down: scripts.down)
    }
}
