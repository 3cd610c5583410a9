// reactor backup: the database and the files in one archive, made beside a running server. On one loop; owns the archive while it is
// written.
//
// The rows are those of one instant: a snapshot of PostgreSQL (REPEATABLE READ), a reader's view of SQLite. The files are read behind
// it: a row is never without its file, since files are stored before their rows, and one that was deleted meanwhile is reported.

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
    /// What lives for hours at most, or must not come back to life: answers kept for repeated requests, and mailed tokens, of which
    /// one that was used since would be good again.
    static let leftOut: Set<String> = ["idempotency_keys", "one_time_tokens"]
    /// Rows come in entries of about this size.
    private static let chunkBytes = 1 << 20

    let loop: EventLoop
    let pool: DatabasePool
    let store: FileStore
    /// The folder of ``store``.
    let filesDirectory: String
    let now: Timestamp
    /// Called with what is being done, now and then.
    let progress: @Sendable (String) -> Void

    /// - Throws: ``ArchiveError``, ``MigrationError``, ``DatabaseError``. Then there is no archive.
    func write(directory: String, name: String) async throws -> BackupReport {
        let path = directory == "." ? name : "\(directory)/\(name)"
        if try await loop.runBlocking({ (try DurableFile.list(directory)).contains { $0.name == name } }) {
            throw ArchiveError.exists(path)
        }
        let archive: ArchiveWriter
        do {
            archive = try await ArchiveWriter(directory: directory, name: name, now: now, on: loop)
        } catch let error as FileError {
            throw ArchiveError.file(error)
        }
        let history = try await Migrator(pool: pool).history()
        let (rows, remarks) = try await pool.withTransaction(.read) { executor in
            if executor.dialect == .postgres {
                _ = try await executor.execute(.read("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"), [])
            }
            return try await writeTables(history, executor, to: archive)
        }
        let (files, vanished) = try await writeFiles(to: archive)
        let sizeBytes = try await archive.finish()
        return BackupReport(
            path: path, sizeBytes: sizeBytes, rows: rows, files: files,
            remarks: remarks + (vanished == 0 ? [] : ["\(vanished) files were deleted meanwhile"]))
    }

    // MARK: Rows

    private func writeTables(
        _ history: [AppliedMigration], _ executor: any SQLExecutor, to archive: ArchiveWriter
    ) async throws -> (Int, [String]) {
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
        var rows = 0
        for export in exports { rows += try await write(export, executor, to: archive) }
        return (rows, Backup.surplus(in: live))
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

    private func writeFiles(to archive: ArchiveWriter) async throws -> (written: Int, vanished: Int) {
        let directory = filesDirectory
        let shards = try await loop.runBlocking { try DurableFile.list(directory).filter(\.isDirectory).map(\.name).sorted() }
        var (written, vanished) = (0, 0)
        for shard in shards {
            let names = try await loop.runBlocking { try DurableFile.list("\(directory)/\(shard)").map(\.name).sorted() }
            // Anything else is a file that is being written.
            for id in names.compactMap({ FileID($0) }) {
                if try await write(id, to: archive) { written += 1 } else { vanished += 1 }
                progress("files, \(archive.bytesWritten >> 20) MiB")
            }
        }
        return (written, vanished)
    }

    /// False where the file was deleted meanwhile.
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
