// The SQL functions that SQLite lacks. Registered on every connection as it opens; called from inside of its statements, on the
// thread of the blocking pool that runs them.

import CSQLite

/// Functions that statements can use on both databases: PostgreSQL has them from a migration.
enum SQLiteFunctions {
    /// `fold_case(text)`: what two texts have in common that differ in the case of their letters only (``Text/foldedCase()``).
    ///
    /// SQLite's own `lower`, `upper` and `LIKE` know the letters of ASCII alone. They stay as they are: an index on `lower(email)`
    /// is made of what `lower` says, and another meaning would find nothing in it any more.
    static func register(on database: OpaquePointer) throws(DatabaseError) {
        // Deterministic, so that what depends on no row is computed once a statement.
        let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS
        let code = unsafe sqlite3_create_function_v2(database, "fold_case", 1, flags, nil, foldCase, nil, nil, nil)
        guard code == SQLITE_OK else { throw unsafe SQLiteHandle.lastError(of: database, code: code) }
    }
}

/// Called by SQLite with one argument.
private func foldCase(_ context: OpaquePointer?, _ count: Int32, _ arguments: UnsafeMutablePointer<OpaquePointer?>?) {
    guard let context = unsafe context, count == 1, let value = unsafe arguments?[0] else { return }
    // SAFETY: the text belongs to the argument and is valid until it is converted again; it is copied at once. Its length is
    // asked for behind it, because the conversion decides it.
    guard let text = unsafe sqlite3_value_text(value) else { return unsafe sqlite3_result_null(context) }
    let length = unsafe Int(sqlite3_value_bytes(value))
    // TEXT: only its bytes are handed on.
    var folded = unsafe Text(decoding: UnsafeBufferPointer(start: text, count: length)).foldedCase().swiftString
    folded.withUTF8 { utf8 in
        unsafe utf8.withMemoryRebound(to: CChar.self) { characters in
            unsafe sqlite3_result_text64(
                context, characters.baseAddress ?? SQLiteBinder.emptyText, UInt64(characters.count), SQLiteBinder.transient,
                UInt8(SQLITE_UTF8))
        }
    }
}
