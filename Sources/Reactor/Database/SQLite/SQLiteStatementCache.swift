// Compiled statements of one connection. Belongs to whichever pool thread the connection's handle is lent to.

import CSQLite

/// A compiled statement, and where its `$1`, `$2` ... are.
@safe
final class SQLitePreparedStatement {
    let pointer: OpaquePointer
    /// The parameter number of `$1`, `$2` ...; 0 where the text does not use it.
    let parameterOfBinding: [Int32]
    let columnNames: [String]
    /// True for a statement that writes nothing.
    let isReadOnly: Bool
    fileprivate var lastUse = 0

    /// - Throws: `.statement` for a text that SQLite does not understand, that holds more than one statement, or that has
    ///   placeholders other than `$1`, `$2` ...
    init(_ sql: String, database: OpaquePointer) throws(DatabaseError) {
        var prepared: OpaquePointer?
        var isTailBlank = true
        // SAFETY: the text outlives the call; the tail points into it.
        let code = unsafe sql.withCString { text in
            var tail: UnsafePointer<CChar>?
            let code = unsafe sqlite3_prepare_v3(
                database, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, &tail)
            if let tail = unsafe tail {
                isTailBlank = unsafe String(cString: tail).allSatisfy { $0.isWhitespace || $0 == ";" }
            }
            return code
        }
        guard code == SQLITE_OK else { throw unsafe SQLiteHandle.lastError(of: database, code: code) }
        guard let statement = unsafe prepared else {
            throw .statement(sqlState: "42601", message: "the statement is empty")
        }
        guard isTailBlank else {
            unsafe sqlite3_finalize(statement)
            throw .statement(sqlState: "42601", message: "more than one statement in one text")
        }
        guard let parameters = unsafe SQLitePreparedStatement.parameters(of: statement) else {
            unsafe sqlite3_finalize(statement)
            throw .statement(sqlState: "42601", message: "placeholders are written $1, $2 ...")
        }
        unsafe pointer = unsafe statement
        parameterOfBinding = parameters
        columnNames = unsafe (0..<sqlite3_column_count(statement)).map { column in
            unsafe sqlite3_column_name(statement, column).map { unsafe String(cString: $0) } ?? ""
        }
        isReadOnly = unsafe sqlite3_stmt_readonly(statement) != 0
    }

    deinit { unsafe sqlite3_finalize(pointer) }

    /// `$2` may stand before `$1`, and SQLite numbers parameters in the order of their first use.
    private static func parameters(of statement: OpaquePointer) -> [Int32]? {
        var parameters: [Int32] = []
        let count = unsafe sqlite3_bind_parameter_count(statement)
        guard count > 0 else { return [] }
        for parameter in 1...count {
            guard let name = unsafe sqlite3_bind_parameter_name(statement, parameter),
                let binding = unsafe Int(String(cString: name).dropFirst()), binding >= 1, binding <= 999
            else { return nil }
            while parameters.count < binding { parameters.append(0) }
            parameters[binding - 1] = parameter
        }
        return parameters
    }
}

/// Compiled statements by their text; the one that was not used for longest makes room.
struct SQLiteStatementCache {
    /// More than the statements that the server has; a statement takes a few KiB.
    static let capacity = 128

    private var statements: [String: SQLitePreparedStatement] = [:]
    private var uses = 0

    var count: Int { statements.count }

    mutating func statement(_ sql: String, database: OpaquePointer) throws(DatabaseError) -> SQLitePreparedStatement {
        uses &+= 1
        if let statement = statements[sql] {
            statement.lastUse = uses
            return statement
        }
        let statement = try unsafe SQLitePreparedStatement(sql, database: database)
        statement.lastUse = uses
        if statements.count >= SQLiteStatementCache.capacity {
            // A scan of 128 entries, and only when a statement was compiled anyway.
            if let oldest = statements.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                statements[oldest.key] = nil
            }
        }
        statements[sql] = statement
        return statement
    }

    /// Finalises them all: SQLite closes a connection only then.
    mutating func removeAll() {
        statements.removeAll()
    }
}
