// reactor backup: the database and the files in one archive, made beside a running server. On one loop; owns the archive while it is
// written.
//
// The rows are those of one instant: a snapshot of PostgreSQL (REPEATABLE READ), a reader's view of SQLite. The files are those that the
// rows tell of, read behind it: files are stored before their rows, so all are there but for those that were deleted meanwhile, or were
// lost, and these are reported.

import Actors
import Reactor

/// What was written.
struct BackupReport: Sendable, Hashable {
    var path: String
    var sizeBytes: Int
    var rows: Int
    var files: Int
    /// What the operator should know of what is not in it.
    var remarks: [String]
}

struct Backup: Sendable {
    /// What lives for hours at most, or must not come back to life: answers kept for repeated requests; sessions, their tokens, and
    /// mailed tokens, of which those that were ended or used since would be good again. And the database's identity: a restored one
    /// is another database. Counts of tasks are made again where they are wanted.
    static let leftOut: Set<String> = [
        "idempotency_keys", "sessions", "refresh_tokens", "one_time_tokens", "database_identity", "task_counts",
    ]
    /// Rows come in entries of about this size.
    private static let chunkBytes = 1 << 20

    let loop: EventLoop
    let pool: DatabasePool
    let store: FileStore
    let now: Timestamp
    /// Called with what is being done, now and then.
    let progress: @Sendable (String) -> Void

    /// - Throws: ``ArchiveError``, ``MigrationError``, ``DatabaseError``. Then there is no archive.
    func write(directory: String, name: String) async throws -> BackupReport {
        let path = directory == "." ? name : "\(directory)/\(name)"
        let names = try await loop.runBlocking { try DurableFile.list(directory).map(\.name) }
        if names.contains(name) { throw ArchiveError.exists(path) }
        let archive: ArchiveWriter
        do {
            archive = try await ArchiveWriter(directory: directory, name: name, now: now, on: loop)
        } catch let error as FileError {
            throw ArchiveError.file(error)
        }
        let tables = try await pool.withTransaction(.read) { executor in
            if executor.dialect == .postgres {
                _ = try await executor.execute(.read("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"), [])
            }
            return try await writeTables(executor, to: archive)
        }
        let missing = try await writeFiles(tables.files, to: archive)
        let sizeBytes = try await archive.finish()
        return BackupReport(
            path: path, sizeBytes: sizeBytes, rows: tables.rows, files: tables.files.count - missing.count,
            remarks: Backup.leftBehind(by: name, among: names) + tables.remarks + Backup.remarks(missing: missing))
    }

    /// What backups into this file left behind that were killed.
    private static func leftBehind(by name: String, among names: [String]) -> [String] {
        names.filter { $0.hasPrefix(".\(name).") && $0.hasSuffix(DurableFile.temporarySuffix) }.sorted()
            .map { "\($0) is of another backup, which was killed or is still being made" }
    }

    private static func remarks(missing: [FileID]) -> [String] {
        guard let first = missing.first else { return [] }
        let names = missing.count > 1 ? "\(first) ..." : "\(first)"
        return ["\(missing.count) of the database's files are not on the disk, deleted meanwhile or lost: \(names)"]
    }

    // MARK: Rows

    /// What the snapshot held.
    private struct Tables: Sendable {
        var rows = 0
        /// Those that it has rows of.
        var files: [FileID] = []
        var remarks: [String] = []
    }

    private func writeTables(_ executor: any SQLExecutor, to archive: ArchiveWriter) async throws -> Tables {
        let history = try await Migrator.history(in: executor)
        let live = try await SchemaReader.read(executor)
        var exports: [TableExport] = []
        for table in DatabaseSchema.declared.tables where !Backup.leftOut.contains(table.name) {
            guard let found = live[table.name] else { continue }
            exports.append(
                TableExport(
                    table, live: found, sequence: try await TableExport.sequence(of: found, executor), executor.dialect))
        }
        let manifest = ArchiveManifest(
            programVersion: Version.current, createdAt: now, database: executor.dialect == .postgres ? "postgresql" : "sqlite",
            migrations: history.sorted { $0.version < $1.version }.map { .init(version: $0.version, name: $0.name) },
            tables: exports.map(\.table))
        try await archive.add(ArchiveManifest.entryName, manifest.json.serialized)
        var tables = Tables(remarks: Backup.surplus(in: live))
        for export in exports { tables.rows += try await write(export, executor, to: archive) }
        if exports.contains(where: { $0.table.name == "files" }) {
            for shard in FileShard.allCases {
                tables.files += try await FileRepository.uploads(in: shard, in: executor).keys.sorted().compactMap { FileID($0) }
            }
        }
        return tables
    }

    private func write(_ export: TableExport, _ executor: any SQLExecutor, to archive: ArchiveWriter) async throws -> Int {
        var chunk: [UInt8] = []
        var number = 0
        func flush() async throws {
            number += 1
            let digits = String(number)
            let padded = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
            try await archive.add("tables/\(export.table.name)/\(padded).jsonl", chunk)
            chunk.removeAll(keepingCapacity: true)
            progress("\(export.table.name), \(archive.bytesWritten >> 20) MiB")
        }
        let count = try await export.forEachRow(executor) { line in
            chunk += line
            if chunk.count >= Backup.chunkBytes { try await flush() }
        }
        if !chunk.isEmpty { try await flush() }
        return count
    }

    /// What the database has beside the program's own.
    private static func surplus(in live: DatabaseSchema) -> [String] {
        let names = live.tables.flatMap { table -> [String] in
            guard let declared = DatabaseSchema.declared[table.name] else { return ["table \(table.name)"] }
            return table.columns.filter { declared[column: $0.name] == nil }.map { "column \(table.name).\($0.name)" }
        }
        return names.isEmpty ? [] : ["not this program's, and not in the backup: \(names.joined(separator: ", "))"]
    }

    // MARK: Files

    /// - Returns: those that are not there.
    private func writeFiles(_ ids: [FileID], to archive: ArchiveWriter) async throws -> [FileID] {
        var missing: [FileID] = []
        for id in ids {
            if try await !write(id, to: archive) { missing.append(id) }
            progress("files, \(archive.bytesWritten >> 20) MiB")
        }
        return missing
    }

    /// False where there is no such file.
    private func write(_ id: FileID, to archive: ArchiveWriter) async throws -> Bool {
        let reader: FileReader
        do {
            reader = try await store.open(id)
        } catch FileStoreError.notFound {
            return false
        }
        try await archive.begin("files/\(id.text)", sizeBytes: reader.sizeBytes)
        var offset = 0
        while offset < reader.sizeBytes {
            let piece = try await store.read(reader, offset: offset, count: 256 << 10)
            guard !piece.isEmpty else { throw ArchiveError.damaged("file \(id) became shorter while it was read") }
            try await archive.append(piece)
            offset += piece.count
        }
        try await archive.end(sizeBytes: reader.sizeBytes)
        return true
    }
}
