// Backups of real databases, put into others.

import Actors
@testable import App
import Logging
import Reactor
import TestSupport
import Testing

@Suite struct BackupTests {
    /// From every database into every database, SQLite into PostgreSQL among them.
    static let ways: [(from: TestDatabase, to: TestDatabase)] =
        TestDatabase.hasPostgres
        ? [(.sqlite, .sqlite), (.sqlite, .postgres), (.postgres, .sqlite)] : [(.sqlite, .sqlite)]

    @Test(arguments: ways.indices)
    func everythingComesBack(_ way: Int) async throws {
        try await withPair(BackupTests.ways[way]) { source, target, folder in
            try await fill(source)
            let store = files(source, folder, "source")
            let (small, large) = (FileID(), FileID())
            try await put(small, Array("hello".utf8), store, source)
            try await put(large, (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }, store, source)
            // Nobody's row tells of it.
            try await store.put(FileID(), [1])

            let report = try await backup(source, folder, "a.tar")
            #expect(report.files == 2)
            #expect(report.remarks.isEmpty)
            let restored = try await restore(target, folder, "a.tar")
            #expect(restored.rows == report.rows)
            #expect(restored.files == 2)

            // Again, from the restored one: the rows are the same to the byte.
            _ = try await backup(target, folder, "b.tar", files: "target")
            try #expect(rows(folder, "a.tar") == rows(folder, "b.tar"))
            let copies = files(target, folder, "target")
            try await #expect(copies.get(small) == store.get(small))
            try await #expect(copies.get(large) == store.get(large))
            try await #expect(Migrator(pool: target).schemaChanges().isEmpty)

            // Numbers that were given out are not given out again, though their rows are gone.
            let next = try await target.execute(.write("INSERT INTO users (email) VALUES ('next@example.com') RETURNING id"), [])
            try #expect(next[0].int(0) == 401)
            // What was ended or used since stays so.
            for table in ["sessions", "refresh_tokens", "one_time_tokens"] {
                try await #expect(target.execute(.read("SELECT count(*) FROM \(table)"), [])[0].int(0) == 0, "\(table)")
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func filesThatAreNotThereAreReported(_ backend: TestDatabase) async throws {
        try await withPair((backend, .sqlite)) { source, _, folder in
            try await fill(source)
            let store = files(source, folder, "source")
            let (kept, lost) = (FileID(), FileID())
            for id in [kept, lost] { try await put(id, [1], store, source) }
            try await store.delete(lost)
            let report = try await backup(source, folder, "a.tar")
            #expect(report.files == 1)
            #expect(report.remarks == ["1 of the database's files are not on the disk, deleted meanwhile or lost: \(lost)"])
        }
    }

    @Test(arguments: TestDatabase.available)
    func aDatabaseWithoutMigrationsHasNothingToBackUp(_ backend: TestDatabase) async throws {
        try await withPair((backend, .sqlite)) { source, _, folder in
            try await source.script("CREATE TABLE theirs (id integer)")
            let report = try await backup(source, folder, "a.tar")
            #expect(report.rows == 0)
            #expect(report.remarks == ["not this program's, and not in the backup: table theirs"])
        }
    }

    @Test func aBackupThatWasKilledIsMadeAgainAndToldOf() async throws {
        try await withPair((.sqlite, .sqlite)) { source, _, folder in
            try await Migrator(pool: source).up()
            for name in [".a.tar.partial", ".a.tar.x1y2.partial"] { try DurableFile.write([], directory: folder, name: name) }
            let report = try await backup(source, folder, "a.tar")
            #expect(report.remarks.count == 2)
            #expect(report.remarks.last == ".a.tar.x1y2.partial is of another backup, which was killed or is still being made")
        }
    }

    @Test(arguments: TestDatabase.available)
    func theFolderBelongsToTheRestoredDatabase(_ backend: TestDatabase) async throws {
        try await withPair((.sqlite, backend)) { source, target, folder in
            try await fill(source)
            let (sources, targets) = (files(source, folder, "source"), files(target, folder, "target"))
            let (kept, lost) = (FileID(), FileID())
            try await put(kept, [1], sources, source)
            _ = try await backup(source, folder, "a.tar")
            try await targets.bind(to: FileID().text)
            try await restore(target, folder, "a.tar")
            try await #expect(targets.owner() == DatabaseIdentity.id(in: target))
            try await #expect(DatabaseIdentity.id(in: target) != DatabaseIdentity.id(in: source))

            // And again over itself: the server goes on sweeping.
            try await targets.put(lost, [2])
            try await restore(target, folder, "a.tar", isForced: true)
            let sweep = FileSweep(database: target, store: targets, logger: Logger(label: "test"), grace: .seconds(60))
            try await #expect(sweep.run(now: .now() + .seconds(99_999)) == FileSweep.Report(temporary: 0, orphans: 1, missing: []))
            try await #expect(targets.get(kept) == [1])
        }
    }

    @Test(arguments: TestDatabase.available)
    func aRestoreThatFailsLeavesTheFolderToWhomItBelongs(_ backend: TestDatabase) async throws {
        try await withPair((.sqlite, backend)) { source, target, folder in
            try await fill(source)
            try await put(FileID(), [1], files(source, folder, "source"), source)
            try await source.script("DELETE FROM users WHERE id = 1")
            _ = try await backup(source, folder, "a.tar")
            let targets = files(target, folder, "target")
            try await targets.bind(to: "somebody")
            await #expect(throws: (any Error).self) { try await restore(target, folder, "a.tar") }
            try await #expect(targets.owner() == "somebody")
            try await #expect(!targets.holdsMoreFiles(than: 0))
        }
    }

    @Test func aFullDiskHarmsNoFileThatIsThere() async throws {
        try await withPair((.sqlite, .sqlite)) { source, target, folder in
            try await fill(source)
            let id = FileID()
            try await put(id, [1, 2, 3], files(source, folder, "source"), source)
            _ = try await backup(source, folder, "a.tar")
            let targets = files(target, folder, "target")
            for failing in FileOperation.allCases {
                let broken = FileStore(loop: target.loop, root: "\(folder)/target", maxFileBytes: .max) { operation throws(FileError) in
                    if operation == failing { throw FileError(code: 28, operation: operation.rawValue) }
                }
                let restore = Restore(loop: target.loop, pool: target, store: broken, progress: { _ in })
                // Another content: it is replaced, or stays.
                try await targets.put(id, [9])
                await #expect(throws: FileStoreError.diskFull, "\(failing)") { try await restore.read("\(folder)/a.tar", isForced: true) }
                try await #expect([[9], [1, 2, 3]].contains(targets.get(id)), "\(failing)")
                // The same content: it is not written at all.
                try await targets.put(id, [1, 2, 3])
                try await #expect(restore.read("\(folder)/a.tar", isForced: true).files == 1, "\(failing)")
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func aDatabaseInUseIsOnlyReplacedByForce(_ backend: TestDatabase) async throws {
        try await withPair((backend, .sqlite)) { used, other, folder in
            try await fill(used)
            try await Migrator(pool: other).up()
            _ = try await other.execute(.write("INSERT INTO users (email) VALUES ('only@example.com')"), [])
            _ = try await backup(other, folder, "a.tar")

            let before = try await backup(used, folder, "before.tar")
            await #expect(throws: ArchiveError.self) { try await restore(used, folder, "a.tar") }
            _ = try await backup(used, folder, "after.tar")
            try #expect(rows(folder, "before.tar") == rows(folder, "after.tar"))
            #expect(before.rows > 300)

            try await #expect(restore(used, folder, "a.tar", isForced: true).rows == 1)
            let users = try await used.execute(.read("SELECT email FROM users"), [])
            try #expect(users.map { try $0.string(0) } == ["only@example.com"])
            try await #expect(Migrator(pool: used).isUpToDate())
        }
    }

    @Test(arguments: TestDatabase.available)
    func aDamagedArchiveChangesNothing(_ backend: TestDatabase) async throws {
        try await withPair((backend, .sqlite)) { source, target, folder in
            try await fill(source)
            let store = files(source, folder, "source")
            let id = FileID()
            try await put(id, [1, 2, 3], store, source)
            let report = try await backup(source, folder, "a.tar")
            var bytes = try FileReader(path: "\(folder)/a.tar").read(offset: 0, count: report.sizeBytes)
            bytes[bytes.count / 2] ^= 1
            try DurableFile.write(bytes, directory: folder, name: "a.tar")
            await #expect(throws: ArchiveError.self) { try await restore(target, folder, "a.tar", isForced: true) }
            try await #expect(SchemaReader.read(target).tables.isEmpty)
            try #expect(DurableFile.list("\(folder)/target").isEmpty)
        }
    }

    @Test(arguments: TestDatabase.available)
    func rowsThatTheDatabaseRefusesLeaveNeitherRowsNorFiles(_ backend: TestDatabase) async throws {
        try await withPair((.sqlite, backend)) { source, target, folder in
            try await Migrator(pool: source).up()
            _ = try await source.execute(.write("INSERT INTO users (email) VALUES ('a@example.com')"), [])
            // SQLite does not look at lengths; nothing else is wrong with this archive.
            _ = try await source.execute(
                .write("INSERT INTO tasks (title, owner_id) VALUES ('t', 1)"), [])
            try await put(FileID(), [1, 2, 3], files(source, folder, "source"), source)
            try await source.script("PRAGMA foreign_keys = OFF; DELETE FROM users")
            _ = try await backup(source, folder, "a.tar")
            await #expect(throws: (any Error).self) { try await restore(target, folder, "a.tar") }
            try await #expect(SchemaReader.read(target).tables.isEmpty)
            for shard in try DurableFile.list("\(folder)/target") {
                try #expect(DurableFile.list("\(folder)/target/\(shard.name)").isEmpty)
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func anOlderBackupIsBroughtUpToDate(_ backend: TestDatabase) async throws {
        try await withPair((.sqlite, backend)) { source, target, folder in
            let older = Array(Migration.all.prefix(1))
            try await Migrator(pool: source, known: older).up()
            _ = try await source.execute(.write("INSERT INTO users (email) VALUES ('a@example.com')"), [])
            _ = try await backup(source, folder, "a.tar")
            _ = try await restore(target, folder, "a.tar")
            try await #expect(Migrator(pool: target).isUpToDate())
            try await #expect(Migrator(pool: target).schemaChanges().isEmpty)
            try await #expect(target.execute(.read("SELECT count(*) FROM users"), [])[0].int(0) == 1)
        }
    }

    @Test func aBackupOfANewerProgramIsRefused() async throws {
        try await withPair((.sqlite, .sqlite)) { source, target, folder in
            let newer = Migration(
                version: 900, name: "newer", up: Migration.Script(postgres: "", sqlite: "SELECT 1"),
                down: Migration.Script(postgres: "", sqlite: ""))
            try await Migrator(pool: source, known: Migration.all + [newer]).up()
            _ = try await backup(source, folder, "a.tar")
            await #expect(throws: ArchiveError.newer("migration 0900_newer")) { try await restore(target, folder, "a.tar") }
        }
    }

    @Test func whatIsNotThisProgramsIsNamedAndAnExistingFileIsKept() async throws {
        try await withPair((.sqlite, .sqlite)) { source, _, folder in
            try await source.script(FastAPIDatabase.products.sqlite)
            try await Migrator(pool: source).up()
            let report = try await backup(source, folder, "a.tar")
            #expect(report.remarks == ["not this program's, and not in the backup: column products.sku"])
            await #expect(throws: ArchiveError.exists("\(folder)/a.tar")) { try await backup(source, folder, "a.tar") }
        }
    }

    @Test(arguments: TestDatabase.available)
    func writersGoOnMeanwhileAndTheRowsAreThoseOfOneInstant(_ backend: TestDatabase) async throws {
        try await withPair((backend, .sqlite)) { source, target, folder in
            try await Migrator(pool: source).up()
            // Each transaction makes a user with a task: a copy of any instant has as many of these as of those.
            let insert = { @Sendable (number: Int) in
                try await source.withTransaction { executor in
                    let row = try await executor.execute(
                        .write("INSERT INTO users (email) VALUES ($1) RETURNING id"), [.text("u\(number)@example.com")])[0]
                    _ = try await executor.execute(
                        .write("INSERT INTO tasks (title, owner_id) VALUES ('t', $1)"), [.int(try row.int(0))])
                }
            }
            for number in 0..<600 { try await insert(number) }
            let flag = Flag()
            let writing = Task(executorPreference: source.loop) {
                var number = 600
                while !flag.isRaised {
                    try await insert(number)
                    number += 1
                }
                return number
            }
            _ = try await backup(source, folder, "a.tar")
            flag.raise()
            let written = try await writing.value
            _ = try await restore(target, folder, "a.tar")
            let counts = try await target.execute(
                .read("SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM tasks)"), [])[0]
            try #expect(counts.int(0) == counts.int(1))
            try #expect(counts.int(0) >= 600)
            try #expect(counts.int(0) <= Int64(written))
        }
    }

    // MARK: Pieces

    /// Runs `body` with two databases on one loop, and a folder.
    private func withPair(
        _ way: (from: TestDatabase, to: TestDatabase), _ body: @escaping @Sendable (DatabasePool, DatabasePool, String) async throws -> Void
    ) async throws {
        let usesPostgres = way.from == .postgres || way.to == .postgres
        try await (usesPostgres ? TestDatabase.postgres : .sqlite).inTurn {
            try await withTemporaryFolder { folder in
                try await EventLoopGroup.withGroup(loops: 1) { group in
                    let loop = group.loops[0]
                    try await way.from.withConfiguration(on: loop) { from in
                        try await way.to.withConfiguration(on: loop) { to in
                            let pools = [from, to].map { configuration in
                                var configuration = configuration
                                configuration.enforcesForeignKeys = false
                                return DatabasePool(loop: loop, configuration: configuration)
                            }
                            let result = await Task(executorPreference: loop) { try await body(pools[0], pools[1], folder) }.result
                            for pool in pools { await pool.shutdown() }
                            try result.get()
                        }
                    }
                }
            }
        }
    }

    private func files(_ pool: DatabasePool, _ folder: String, _ name: String) -> FileStore {
        FileStore(loop: pool.loop, root: "\(folder)/\(name)", maxFileBytes: .max)
    }

    /// A file and its row.
    private func put(_ id: FileID, _ bytes: [UInt8], _ store: FileStore, _ pool: DatabasePool) async throws {
        let stored = try await store.put(id, bytes)
        _ = try await pool.execute(
            .write("INSERT INTO files (id, owner_id, filename, content_type, file_size, sha256) VALUES ($1, 1, $2, 'text/plain', $3, $4)"),
            [.uuid(id.text), .text("\(id).txt"), .int(Int64(stored.sizeBytes)), .text(stored.sha256)])
    }

    private func backup(
        _ pool: DatabasePool, _ folder: String, _ name: String, files root: String = "source"
    ) async throws -> BackupReport {
        try await Backup(
            loop: pool.loop, pool: pool, store: files(pool, folder, root), now: .now(), progress: { _ in }
        ).write(directory: folder, name: name)
    }

    @discardableResult
    private func restore(_ pool: DatabasePool, _ folder: String, _ name: String, isForced: Bool = false) async throws -> RestoreReport {
        try await Restore(loop: pool.loop, pool: pool, store: files(pool, folder, "target"), progress: { _ in })
            .read("\(folder)/\(name)", isForced: isForced)
    }

    /// The rows of an archive, by table.
    private func rows(_ folder: String, _ name: String) throws -> [String: String] {
        let reader = try ArchiveReader(path: "\(folder)/\(name)")
        var rows: [String: String] = [:]
        for entry in try reader.verified().entries where entry.name.hasPrefix("tables/") {
            rows[entry.name] = String(decoding: try reader.content(entry), as: UTF8.self)
        }
        return rows
    }

    /// Some of everything: more than a page of users, values of every type, and a number that was given out and lost.
    private func fill(_ pool: DatabasePool) async throws {
        try await Migrator(pool: pool).up()
        for number in 1...350 {
            _ = try await pool.execute(
                .write("INSERT INTO users (email, name, is_active) VALUES ($1, $2, $3)"),
                [.text("u\(number)@example.com"), .text("Zoë \"\(number)\"\n\u{1F600}"), .bool(number % 2 == 0)])
        }
        _ = try await pool.execute(.write("INSERT INTO users (id, email) VALUES (400, 'gone@example.com')"), [])
        if pool.dialect == .postgres { try await pool.script("SELECT setval(pg_get_serial_sequence('users', 'id'), 400)") }
        _ = try await pool.execute(.write("DELETE FROM users WHERE id = 400"), [])
        let session = SQLValue.uuid("0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b")
        let time = SQLValue.timestamp(Timestamp(microseconds: 1_700_000_000_123_456))
        _ = try await pool.execute(
            .write("INSERT INTO sessions (id, user_id, expires_at) VALUES ($1, 1, $2)"), [session, time])
        _ = try await pool.execute(
            .write("INSERT INTO refresh_tokens (session_id, token_hash, expires_at) VALUES ($1, $2, $3)"),
            [session, .bytes([0, 255, 10, 13, 34]), time])
        _ = try await pool.execute(
            .write(
                "INSERT INTO one_time_tokens (user_id, purpose, email, token_hash, expires_at) VALUES (1, 'password_reset', 'a', $1, $2)"),
            [.bytes([1]), time])
        let price = pool.dialect == .sqlite ? SQLValue.int(1990) : .decimal("19.90")
        _ = try await pool.execute(.write("INSERT INTO products (name, price, in_stock) VALUES ('Pen', $1, $2)"), [price, .bool(false)])
        _ = try await pool.execute(.write("INSERT INTO tasks (title, owner_id, due_date) VALUES ('t', 2, $1)"), [time])
    }
}
