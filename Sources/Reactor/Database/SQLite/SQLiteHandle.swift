// SQLite's own handle and everything that is done with it. Owns the sqlite3 connection and its compiled statements. Lives on
// no thread: SQLiteConnection lends it to one thread of the blocking pool at a time, and every method here blocks.

import CSQLite
import Glibc

/// The sqlite3 handle, boxed so that it can travel to the blocking pool.
// SAFETY: SQLiteConnection runs one call at a time and awaits its end, so the handle and its statements are never on two
// threads at once (SQLITE_OPEN_NOMUTEX relies on it too). The callbacks below run inside of those calls, on the same thread.
@safe
final class SQLiteHandle: @unchecked Sendable {
    private var database: OpaquePointer?
    private var statements = SQLiteStatementCache()
    private let isReader: Bool
    /// What the callbacks ask; set for the length of one call.
    fileprivate var operation: SQLiteOperation?

    private init(database: OpaquePointer, isReader: Bool) {
        self.isReader = isReader
        unsafe self.database = unsafe database
    }

    deinit { close() }

    /// Opens a database file, making it and its folder where they are missing, and sets it up. Blocks.
    static func open(path: String, readOnly: Bool, operation: SQLiteOperation) throws(DatabaseError) -> SQLiteHandle {
        try SQLiteFile.prepare(path: path)
        var database: OpaquePointer?
        // A read-only handle cannot make the -shm file that WAL needs; query_only below refuses the writes instead.
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = unsafe sqlite3_open_v2(path, &database, flags, nil)
        guard let opened = unsafe database else { throw .unavailable("no memory for a database connection") }
        guard code == SQLITE_OK else {
            let error = unsafe lastError(of: opened, code: code)
            unsafe sqlite3_close_v2(opened)
            throw error
        }
        let handle = unsafe SQLiteHandle(database: opened, isReader: readOnly)
        // SAFETY: unretained; the handle closes the connection before it goes.
        let context = unsafe Unmanaged.passUnretained(handle).toOpaque()
        unsafe sqlite3_progress_handler(opened, SQLiteOperation.instructionsBetweenLooks, onProgress, context)
        unsafe sqlite3_busy_handler(opened, onBusy, context)
        try handle.during(operation) { () throws(DatabaseError) in try handle.setUp(readOnly: readOnly) }
        return handle
    }

    private func setUp(readOnly: Bool) throws(DatabaseError) {
        try unsafe SQLiteFunctions.register(on: openDatabase())
        // Readers do not wait for the writer, nor the writer for them; a commit appends to one file. The mode stays with the
        // file; switching an old file over needs it alone for a moment, for which the busy handler is not asked.
        while true {
            do {
                try runScript("PRAGMA journal_mode = WAL")
                break
            } catch .serialization {
                if let error = operation?.interruption { throw error }
                usleep(2_000)
            }
        }
        try runScript(
            """
            PRAGMA synchronous = NORMAL;
            PRAGMA foreign_keys = ON;
            PRAGMA trusted_schema = OFF;
            PRAGMA temp_store = MEMORY;
            PRAGMA cache_size = -8192;
            PRAGMA query_only = \(readOnly ? "ON" : "OFF");
            """)
    }

    /// Runs one statement to its end and copies its rows. Blocks, at most until the operation's deadline.
    func execute(
        _ sql: String, _ bindings: [SQLValue], mustBeInTransaction: Bool, operation: SQLiteOperation
    ) throws(DatabaseError) -> SQLRows {
        try during(operation) { () throws(DatabaseError) in
            try run(sql, bindings, mustBeInTransaction: mustBeInTransaction)
        }
    }

    /// Runs one statement once for each element of `batch`. Blocks, at most until the operation's deadline.
    /// - Returns: what became of each, in order; fewer where another process' lock stood in the way of the next one.
    /// - Throws: `.serialization` where it stood in the way of the first one; `.cancelled` wherever that was noticed.
    func execute(
        _ sql: String, batch: ArraySlice<[SQLValue]>, mustBeInTransaction: Bool, operation: SQLiteOperation
    ) throws(DatabaseError) -> [Result<SQLRows, DatabaseError>] {
        try during(operation) { () throws(DatabaseError) in
            var results: [Result<SQLRows, DatabaseError>] = []
            results.reserveCapacity(batch.count)
            for bindings in batch {
                do throws(DatabaseError) {
                    if let error = operation.interruption { throw error }
                    results.append(.success(try run(sql, bindings, mustBeInTransaction: mustBeInTransaction)))
                } catch {
                    if error == .cancelled || (error == .serialization && results.isEmpty) { throw error }
                    if error == .serialization { return results }
                    results.append(.failure(error))
                }
            }
            return results
        }
    }

    private func run(
        _ sql: String, _ bindings: [SQLValue], mustBeInTransaction: Bool
    ) throws(DatabaseError) -> SQLRows {
        if mustBeInTransaction { try checkTransaction() }
        let database = try unsafe openDatabase()
        let statement = try unsafe statements.statement(sql, database: database)
        defer {
            // Reset frees the read lock; the bindings may hold megabytes.
            unsafe sqlite3_reset(statement.pointer)
            unsafe sqlite3_clear_bindings(statement.pointer)
        }
        try SQLiteBinder.bind(bindings, to: statement)
        let changesBefore = unsafe sqlite3_total_changes64(database)
        var values: [[SQLValue]] = []
        while true {
            let code = unsafe sqlite3_step(statement.pointer)
            if code == SQLITE_DONE { break }
            guard code == SQLITE_ROW else { throw error(code: code) }
            values.append(SQLiteBinder.row(of: statement))
        }
        // sqlite3_changes() keeps the last writer's count when this statement wrote nothing.
        let hasWritten = unsafe sqlite3_total_changes64(database) != changesBefore
        let affected = unsafe statement.isReadOnly ? values.count : hasWritten ? Int(sqlite3_changes64(database)) : 0
        return SQLRows(columnNames: statement.columnNames, rows: values, affectedRows: affected)
    }

    /// Runs several statements without parameters. Blocks, at most until the operation's deadline.
    func script(_ sql: String, mustBeInTransaction: Bool, operation: SQLiteOperation) throws(DatabaseError) {
        try during(operation) { () throws(DatabaseError) in
            if mustBeInTransaction { try checkTransaction() }
            try runScript(sql)
        }
    }

    /// Ends the transaction if there still is one: SQLite rolls back by itself after some errors (a full disk, an
    /// interrupted write), and a second ROLLBACK would then be an error. Blocks; not interruptible.
    func rollback() throws(DatabaseError) {
        guard unsafe sqlite3_get_autocommit(try openDatabase()) == 0 else { return }
        try runScript("ROLLBACK")
    }

    /// Finalises the statements and closes the file. Idempotent. The last connection to close checkpoints the log: blocks.
    func close() {
        guard let open = unsafe database else { return }
        statements.removeAll()
        unsafe sqlite3_close_v2(open)
        unsafe database = nil
    }

    // MARK: Pieces

    private func during<R>(_ operation: SQLiteOperation, _ body: () throws(DatabaseError) -> R) throws(DatabaseError) -> R {
        if let error = operation.interruption { throw error }
        self.operation = operation
        defer { self.operation = nil }
        do throws(DatabaseError) {
            return try body()
        } catch .incapable(.readOnly) where isReader {
            // This connection refuses it, and not the file: a fault of the caller's.
            throw .statement(sqlState: "25006", message: "a write on a connection that only reads")
        }
    }

    private func runScript(_ sql: String) throws(DatabaseError) {
        let code = unsafe sqlite3_exec(try openDatabase(), sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code: code) }
    }

    /// What a statement means depends on the transaction around it. If SQLite has ended that by itself, the statement must
    /// not run and commit on its own.
    private func checkTransaction() throws(DatabaseError) {
        guard unsafe sqlite3_get_autocommit(try openDatabase()) == 0 else {
            throw .statement(sqlState: "25P02", message: "the transaction was rolled back by an earlier error")
        }
    }

    private func openDatabase() throws(DatabaseError) -> OpaquePointer {
        guard let open = unsafe database else { throw .closed }
        return unsafe open
    }

    /// The error that the last call left behind, with the index' name for a broken unique constraint and the reason for an
    /// interruption.
    private func error(code: Int32) -> DatabaseError {
        guard let open = unsafe database else { return .closed }
        let error = unsafe SQLiteHandle.lastError(of: open, code: code)
        switch error {
        case .cancelled:
            return operation?.interruption ?? .cancelled
        case .serialization:
            return operation?.interruption ?? .serialization
        case .constraint(.unique, let columns?):
            return unsafe .constraint(.unique, name: uniqueIndex(on: columns, database: open) ?? columns)
        default:
            return error
        }
    }

    static func lastError(of database: OpaquePointer, code: Int32) -> DatabaseError {
        let message = unsafe sqlite3_errmsg(database).map { unsafe String(cString: $0) } ?? ""
        return SQLiteErrorMapping.error(code: code, message: message)
    }

    /// SQLite names the columns (`users.username`), PostgreSQL the constraint (`users_username_key`). Our indexes bear the
    /// constraint's name in both, so that one name reaches the caller. Nil where no named index covers just those columns.
    private func uniqueIndex(on columns: String, database: OpaquePointer) -> String? {
        guard let table = SQLiteErrorMapping.table(ofColumns: columns),
            let statement = try? unsafe statements.statement(SQLiteHandle.uniqueIndexQuery, database: database),
            (try? SQLiteBinder.bind([.text(table), .text(columns)], to: statement)) != nil
        else { return nil }
        defer {
            unsafe sqlite3_reset(statement.pointer)
            unsafe sqlite3_clear_bindings(statement.pointer)
        }
        guard unsafe sqlite3_step(statement.pointer) == SQLITE_ROW,
            case .text(let name)? = SQLiteBinder.row(of: statement).first
        else { return nil }
        // TEXT: the schema's own name.
        return name.swiftString
    }

    private static let uniqueIndexQuery = """
        SELECT list.name FROM pragma_index_list($1) AS list
        WHERE list."unique" = 1 AND list.origin = 'c' AND $2 = (
            SELECT group_concat(name, ', ') FROM (
                SELECT $1 || '.' || info.name AS name FROM pragma_index_info(list.name) AS info ORDER BY info.seqno))
        """
}

/// Called every few thousand instructions of a running statement, on the thread that runs it. Other than 0 interrupts it.
private func onProgress(_ context: UnsafeMutableRawPointer?) -> Int32 {
    guard let context = unsafe context else { return 0 }
    // SAFETY: the handle outlives its connection, inside whose calls this runs.
    let handle = unsafe Unmanaged<SQLiteHandle>.fromOpaque(context).takeUnretainedValue()
    return handle.operation?.interruption == nil ? 0 : 1
}

/// Called when another process holds a lock. Other than 0 tries again; the thread is given back after the patience.
private func onBusy(_ context: UnsafeMutableRawPointer?, _ attempt: Int32) -> Int32 {
    guard let context = unsafe context else { return 0 }
    // SAFETY: as above.
    let handle = unsafe Unmanaged<SQLiteHandle>.fromOpaque(context).takeUnretainedValue()
    guard let operation = handle.operation, operation.interruption == nil else { return 0 }
    let napMicroseconds: Int64 = 500
    guard Duration.microseconds(Int64(attempt) * napMicroseconds) < operation.lockPatience else { return 0 }
    usleep(useconds_t(napMicroseconds))
    return 1
}
