// reactor restore: an archive into a database of either kind, and its files into the data folder. On one loop.
//
// The checksum is compared before anything is touched. Then it is one transaction: what is there is taken back, the schema is made as it
// was when the backup was made, the rows are put in, the files are stored, and what has been added to the schema since is applied. Files
// come before the commit, as they do in the server: whatever happens, no row is without its file. The folder is bound to the restored
// database behind it.

import Actors
import Reactor

struct RestoreReport: Sendable, Hashable {
    var createdAt: Timestamp
    var rows: Int
    var files: Int
}

struct Restore: Sendable {
    /// Filled by the program itself when it starts: rows there do not make a database one that is in use.
    private static let selfFilled: Set<String> = ["job_schedules", "database_identity"]

    let loop: EventLoop
    let pool: DatabasePool
    let store: FileStore
    let progress: @Sendable (String) -> Void

    /// - Parameter isForced: replaces what the database holds.
    /// - Throws: ``ArchiveError``, ``MigrationError``, ``DatabaseError``, ``FileStoreError``. Then the database is as it was, unless the
    ///   commit's outcome is unknown.
    func read(_ path: String, isForced: Bool) async throws -> RestoreReport {
        let reader = try await loop.runBlocking { try ArchiveReader(path: path) }
        progress("verifying")
        let (manifest, entries) = try await loop.runBlocking { try reader.verified() }
        let known = Set(Migration.all.map(\.label))
        for migration in manifest.migrations {
            let label = Migration.label(version: migration.version, name: migration.name)
            guard known.contains(label) else { throw ArchiveError.newer("migration \(label)") }
        }
        // Asked again inside of the transaction; now, so that no file is touched in vain.
        if !isForced { try await pool.withTransaction(.read) { try await Restore.checkIsEmpty($0) } }
        let versions = Set(manifest.migrations.map(\.version))
        var stored: [FileID] = []
        let owner = try await store.owner()
        let report: RestoreReport
        do {
            for entry in entries where entry.name.hasPrefix("files/") {
                guard let id = FileID(entry.name.dropFirst(6)) else { throw ArchiveError.damaged("a file is called \(entry.name)") }
                if try await store(entry, as: id, from: reader) { stored.append(id) }
                progress("files, \(stored.count)")
            }
            // Nobody's for as long as it is open which database this will be: that one is told by the rows then.
            try await store.bind(to: nil)
            let rows = try await Migrator(pool: pool).rebuild(with: versions) { executor in
                if !isForced { try await Restore.checkIsEmpty(executor) }
            } filling: { executor in
                try await fill(manifest, entries, from: reader, executor)
            }
            report = RestoreReport(createdAt: manifest.createdAt, rows: rows, files: entries.count { $0.name.hasPrefix("files/") })
        } catch {
            guard CommitOutcome.isRolledBack(error) else { throw error }
            // Nobody's row tells of them. Those that were there before stay: they may be somebody's.
            for id in stored { _ = try? await store.delete(id) }
            if let owner { try? await store.bind(to: owner) }
            throw error
        }
        // It is restored, whatever becomes of this: the server binds a folder that is nobody's itself.
        if let id = try? await DatabaseIdentity.id(in: pool) { try? await store.bind(to: id) }
        return report
    }

    /// - Throws: ``ArchiveError/notEmpty(_:)`` where a table of ours has a row.
    private static func checkIsEmpty(_ executor: any SQLExecutor) async throws {
        let live = try await SchemaReader.read(executor)
        var filled: [String] = []
        for table in DatabaseSchema.declared.tables where live[table.name] != nil && !selfFilled.contains(table.name) {
            let rows = try await executor.execute(.read("SELECT 1 FROM \(SQLText.identifier(table.name)) LIMIT 1"), [])
            if !rows.isEmpty { filled.append(table.name) }
        }
        guard filled.isEmpty else { throw ArchiveError.notEmpty(filled) }
    }

    // MARK: Rows

    private func fill(
        _ manifest: ArchiveManifest, _ entries: [ArchiveReader.Entry], from reader: ArchiveReader, _ executor: any SQLExecutor
    ) async throws -> Int {
        var rows = 0
        // Programs before this one wrote sessions too.
        for table in manifest.tables where !Backup.leftOut.contains(table.name) {
            let rowsImport = TableImport(table, executor.dialect)
            // What a migration put there is in the archive too.
            _ = try await executor.execute(rowsImport.clearing, [])
            for entry in entries where entry.name.hasPrefix("tables/\(table.name)/") {
                let content = try await loop.runBlocking { try reader.content(entry) }
                rows += try await rowsImport.insert(content, executor)
                progress("\(table.name), \(rows) rows")
            }
            if let counting = rowsImport.countingOn { try await executor.script(counting) }
        }
        return rows
    }

    // MARK: Files

    /// Stores a file, unless the very same one is there.
    /// - Returns: whether there was none of that name.
    private func store(_ entry: ArchiveReader.Entry, as id: FileID, from reader: ArchiveReader) async throws -> Bool {
        let present: FileReader?
        do {
            present = try await store.open(id)
        } catch FileStoreError.notFound {
            present = nil
        }
        if let present, try await isSame(present, as: entry, of: reader) { return false }
        var offset = 0
        try await store.put(id) {
            let position = offset
            let piece = try await loop.runBlocking { try reader.piece(entry, at: position) }
            offset += piece.count
            return piece.isEmpty ? nil : piece
        }
        return present == nil
    }

    private func isSame(_ file: FileReader, as entry: ArchiveReader.Entry, of reader: ArchiveReader) async throws -> Bool {
        guard file.sizeBytes == entry.sizeBytes else { return false }
        return try await loop.runBlocking {
            var offset = 0
            while offset < entry.sizeBytes {
                let piece = try reader.piece(entry, at: offset)
                guard try file.read(offset: offset, count: piece.count) == piece else { return false }
                offset += piece.count
            }
            return true
        }
    }
}
