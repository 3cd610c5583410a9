// What is applied and what is taken back, decided without a database.

@testable import App
import Reactor
import Testing

@Suite struct MigrationPlanTests {
    static func migration(_ version: Int, _ name: String = "step") -> Migration {
        Migration(
            version: version, name: name,
            up: Migration.Script(postgres: "pg \(version)", sqlite: "lite \(version)"),
            down: Migration.Script(postgres: "", sqlite: ""))
    }

    static func row(_ migration: Migration, _ dialect: SQLDialect = .sqlite) -> AppliedMigration {
        AppliedMigration(
            version: migration.version, name: migration.name, checksum: migration.checksum(dialect),
            appliedAt: Timestamp(seconds: Int64(migration.version)))
    }

    let known = [migration(1), migration(2), migration(3)]

    @Test func anEmptyDatabaseGetsEverythingInOrder() throws {
        let plan = try MigrationPlan(known: known, applied: [], dialect: .sqlite)
        #expect(plan.pending == known)
        #expect(plan.nextUp == known[0])
        try #expect(plan.nextDown() == nil)
    }

    @Test func anUpToDateDatabaseGetsNothing() throws {
        let plan = try MigrationPlan(known: known, applied: known.map { Self.row($0) }, dialect: .sqlite)
        #expect(plan.nextUp == nil)
        try #expect(plan.nextDown() == known[2])
    }

    @Test func aMigrationThatWasMergedLateIsAppliedToo() throws {
        let plan = try MigrationPlan(known: known, applied: [Self.row(known[0]), Self.row(known[2])], dialect: .sqlite)
        #expect(plan.pending == [known[1]])
        try #expect(plan.nextDown() == known[2])
    }

    @Test func aChangedTextIsRefused() {
        var changed = known
        changed[1].up.sqlite += " "
        #expect(throws: MigrationError.self) {
            try MigrationPlan(known: changed, applied: known.map { Self.row($0) }, dialect: .sqlite)
        }
        // The other dialect's text is none of this database's business, and the way down may be mended.
        var other = known
        other[1].up.postgres += " "
        other[1].down.sqlite += " "
        #expect(throws: Never.self) {
            try MigrationPlan(known: other, applied: known.map { Self.row($0) }, dialect: .sqlite)
        }
    }

    @Test func theErrorNamesTheMigration() throws {
        var changed = known
        changed[1].up.sqlite += " "
        do {
            _ = try MigrationPlan(known: changed, applied: known.map { Self.row($0) }, dialect: .sqlite)
            Issue.record("a changed migration passed")
        } catch {
            #expect(error.description.hasPrefix("migration 0002_step was changed after it had been applied"))
        }
    }

    @Test func aNewerProgramsMigrationIsReportedAndNotTakenBack() throws {
        let newer = Self.migration(4, "newer")
        let plan = try MigrationPlan(known: known, applied: (known + [newer]).map { Self.row($0) }, dialect: .sqlite)
        #expect(plan.unknown == [Self.row(newer)])
        #expect(plan.nextUp == nil)
        #expect(throws: MigrationError.unknownApplied(label: "0004_newer")) { try plan.nextDown() }
    }

    @Test func numbersThatRepeatOrDescendAreRefused() {
        for versions in [[1, 1], [2, 1], [0], [1, 3, 2]] {
            #expect(throws: MigrationError.self) {
                try MigrationPlan(known: versions.map { Self.migration($0) }, applied: [], dialect: .sqlite)
            }
        }
    }

    @Test func statusListsBothSidesByNumber() throws {
        let newer = Self.migration(9, "newer")
        let rows = [Self.row(known[0]), Self.row(newer)]
        let plan = try MigrationPlan(known: known, applied: rows, dialect: .sqlite)
        #expect(
            MigrationStatus.list(plan, applied: rows).map(\.state) == [
                .applied(Timestamp(seconds: 1)), .pending, .pending, .unknown(Timestamp(seconds: 9)),
            ])
    }

    @Test func labelsArePaddedToFourDigits() {
        #expect(Migration.label(version: 1, name: "a") == "0001_a")
        #expect(Migration.label(version: 12_345, name: "a") == "12345_a")
    }

    @Test func checksumIsSHA256InHexadecimal() {
        let migration = Migration(
            version: 1, name: "abc", up: Migration.Script(postgres: "", sqlite: "abc"),
            down: Migration.Script(postgres: "", sqlite: ""))
        #expect(migration.checksum(.sqlite) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(migration.checksum(.postgres) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func theProgramsOwnMigrationsAreWellNumbered() throws {
        let plan = try MigrationPlan(known: Migration.all, applied: [], dialect: .postgres)
        #expect(plan.pending.map(\.version) == Array(1...Migration.all.count))
    }
}
