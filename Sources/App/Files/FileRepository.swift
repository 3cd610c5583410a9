// The SQL of `files`, in both dialects; nobody else has any. Stateless: every call is told which executor to use, the pool or a
// transaction.

import Actors
import Reactor

/// Reads and writes the rows of uploaded files.
enum FileRepository {
    /// Whose files a statement may touch.
    enum Scope: Sendable, Hashable {
        case owner(Int64)
        /// An administrator's.
        case everybody
    }

    /// A page of a list.
    struct Page: Sendable {
        let files: [FileItem]
        /// Of the whole list.
        let total: Int
    }

    /// What an owner has.
    struct Usage: Sendable, Hashable {
        let bytes: Int64
        let newest: Timestamp?
    }

    // MARK: Reading

    /// Newest first.
    static func list(ownedBy owner: Int64, _ page: PageRequest, in executor: any SQLExecutor) async throws(DatabaseError) -> Page {
        let limit = SQLValue.int(Int64(page.limit))
        let rows =
            if let cursor = page.cursor {
                try await executor.execute(listAfter, [.int(owner), limit, .timestamp(createdAt(of: cursor))])
            } else {
                try await executor.execute(listFiles, [.int(owner), limit, .int(Int64(page.skip))])
            }
        var files: [FileItem] = []
        files.reserveCapacity(rows.count)
        for row in rows { files.append(try item(row)) }
        if let row = rows.first { return Page(files: files, total: Int(clamping: try row.int(7))) }
        // A page behind the end carries no row to tell the total.
        guard page.skip > 0 || page.cursor != nil else { return Page(files: [], total: 0) }
        return Page(files: [], total: Int(clamping: try await executor.execute(countFiles, [.int(owner)]).first?.int(0) ?? 0))
    }

    static func find(_ file: FileSelector, _ scope: Scope, in executor: any SQLExecutor) async throws(DatabaseError) -> FileItem? {
        let rows =
            switch file {
            case .id(let id): try await executor.execute(findByID, [.uuid(id.text), scope.binding])
            case .name(let name): try await executor.execute(findByName, [.text(name), scope.binding])
            }
        return try first(rows)
    }

    static func usage(of owner: Int64, in executor: any SQLExecutor) async throws(DatabaseError) -> Usage {
        guard let row = try await executor.execute(sumFiles, [.int(owner)]).first else { throw .decoding("sum() returned no row") }
        return Usage(bytes: try row.int(0), newest: try row.optionalTimestamp(1))
    }

    /// Which of a few names an owner has.
    /// - Parameter names: at most ``maxNames``.
    static func taken(
        _ names: [Text], of owner: Int64, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Set<Text> {
        var bindings: [SQLValue] = [.int(owner)]
        // One statement for any number: the last name is asked for again.
        for index in 0..<maxNames { bindings.append(.text(names[min(index, names.count - 1)])) }
        var taken: Set<Text> = []
        for row in try await executor.execute(findNames, bindings) { taken.insert(try row.text(0)) }
        return taken
    }

    /// Whether nobody has a file.
    static func isEmpty(in executor: any SQLExecutor) async throws(DatabaseError) -> Bool {
        try await executor.execute(findAny, []).isEmpty
    }

    /// Every file of a shard, and when it was uploaded.
    static func uploads(in shard: FileShard, in executor: any SQLExecutor) async throws(DatabaseError) -> [String: Timestamp] {
        let bounds = shard.bounds
        var uploads: [String: Timestamp] = [:]
        for row in try await executor.execute(listShard, [.uuid(bounds.first), .uuid(bounds.last)]) {
            uploads[try row.uuid(0)] = try row.timestamp(1)
        }
        return uploads
    }

    // MARK: Writing

    /// Holds an owner until the transaction ends: of two uploads at once the second one sees the first.
    /// - Returns: false where there is no such user any more.
    static func lock(_ owner: Int64, in transaction: any SQLExecutor) async throws(DatabaseError) -> Bool {
        try await !transaction.execute(lockOwner, [.int(owner)]).isEmpty
    }

    static func insert(_ file: FileItem, in executor: any SQLExecutor) async throws(DatabaseError) {
        _ = try await executor.execute(
            insertFile,
            [
                .uuid(file.id.text), .int(file.ownerID), .text(file.filename), .text(file.contentType), .int(file.sizeBytes),
                .text(file.sha256), .timestamp(file.createdAt),
            ])
    }

    /// - Returns: what the row was; nil where there is none in `scope`.
    static func delete(_ file: FileSelector, _ scope: Scope, in executor: any SQLExecutor) async throws(DatabaseError) -> FileItem? {
        let rows =
            switch file {
            case .id(let id): try await executor.execute(deleteByID, [.uuid(id.text), scope.binding])
            case .name(let name): try await executor.execute(deleteByName, [.text(name), scope.binding])
            }
        return try first(rows)
    }

    // MARK: Rows

    private static func first(_ rows: SQLRows) throws(DatabaseError) -> FileItem? {
        guard let row = rows.first else { return nil }
        return try item(row)
    }

    /// Reads ``columns``.
    private static func item(_ row: SQLRow) throws(DatabaseError) -> FileItem {
        guard let id = FileID(try row.uuid(0)) else { throw .decoding("a file's id is no UUID") }
        return FileItem(
            id: id, ownerID: try row.int(1), filename: try row.text(2), contentType: try row.asciiString(3),
            sizeBytes: try row.int(4), sha256: try row.asciiString(5), createdAt: try row.timestamp(6))
    }

    /// A cursor's number is the upload's time. It may be made up: what no database can write down is brought to the nearest end.
    private static func createdAt(of cursor: Cursor) -> Timestamp {
        Timestamp(microseconds: min(max(cursor.id, -62_135_596_800_000_000), 253_402_300_799_999_999))
    }
}

extension FileRepository.Scope {
    /// NULL is everybody, in ``FileRepository``'s statements.
    fileprivate var binding: SQLValue {
        switch self {
        case .owner(let id): .int(id)
        case .everybody: .null
        }
    }
}

// MARK: - Statements

extension FileRepository {
    /// How many names ``taken(_:of:in:)`` takes.
    static let maxNames = 16

    private static let columns = "id, owner_id, filename, content_type, file_size, sha256, created_at"
    private static let total = "(SELECT count(*) FROM files WHERE owner_id = $1)"

    // The casts tell PostgreSQL a parameter's type where its use alone does not.
    private static let inScope = "(CAST($2 AS bigint) IS NULL OR owner_id = CAST($2 AS bigint))"

    private static let listFiles = SQLStatement.read(
        "SELECT \(columns), \(total) FROM files WHERE owner_id = $1 ORDER BY created_at DESC LIMIT $2 OFFSET $3")
    private static let listAfter = SQLStatement.read(
        "SELECT \(columns), \(total) FROM files WHERE owner_id = $1 AND created_at < $3 ORDER BY created_at DESC LIMIT $2")
    private static let countFiles = SQLStatement.read("SELECT count(*) FROM files WHERE owner_id = $1")

    private static let findByID = SQLStatement.read("SELECT \(columns) FROM files WHERE id = $1 AND \(inScope)")
    private static let findByName = SQLStatement.read("SELECT \(columns) FROM files WHERE filename = $1 AND owner_id = $2")
    private static let findNames = SQLStatement.read(
        """
        SELECT filename FROM files
        WHERE owner_id = $1 AND filename IN (\((2..<2 + maxNames).map { "$\($0)" }.joined(separator: ", ")))
        """)

    private static let sumFiles = SQLStatement.read(
        "SELECT CAST(COALESCE(sum(file_size), 0) AS bigint), max(created_at) FROM files WHERE owner_id = $1")

    private static let findAny = SQLStatement.read("SELECT 1 FROM files LIMIT 1")
    private static let listShard = SQLStatement.read("SELECT id, created_at FROM files WHERE id BETWEEN $1 AND $2")

    // Weaker than FOR UPDATE: rows that refer to the user are written meanwhile. SQLite has one writer at a time anyway.
    private static let lockOwner = SQLStatement.write(
        postgres: "SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE", sqlite: "SELECT id FROM users WHERE id = $1")

    private static let insertFile = SQLStatement.write(
        "INSERT INTO files (\(columns)) VALUES ($1, $2, $3, $4, $5, $6, $7)")

    private static let deleteByID = SQLStatement.write("DELETE FROM files WHERE id = $1 AND \(inScope) RETURNING \(columns)")
    private static let deleteByName = SQLStatement.write(
        "DELETE FROM files WHERE filename = $1 AND owner_id = $2 RETURNING \(columns)")
}
