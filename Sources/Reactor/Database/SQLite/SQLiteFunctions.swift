// The SQL functions that SQLite lacks. Registered on every connection as it opens; called from inside of its statements, on the
// thread of the blocking pool that runs them.

import CSQLite

/// Functions that statements can use on both databases: PostgreSQL has them from a migration.
enum SQLiteFunctions {
    /// `fold_case(text)`: what two texts have in common that differ in the case of their letters only (``Text/foldedCase()``).
    ///
    /// SQLite's own `lower`, `upper` and `LIKE` know the letters of ASCII alone. They stay as they are: an index on `lower(email)`
    /// is made of what `lower` says, and another meaning would find nothing in it any more.
    ///
    /// `fold_contains(text, pattern)`: whether the text contains what ``LikePattern/containing(_:)`` made the pattern of, whatever its case;
    /// NULL for NULL. In time that is the sum of both lengths.
    static func register(on database: OpaquePointer) throws(DatabaseError) {
        // Deterministic, so that what depends on no row is computed once a statement.
        let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS
        let code = unsafe sqlite3_create_function_v2(database, "fold_case", 1, flags, nil, foldCase, nil, nil, nil)
        guard code == SQLITE_OK else { throw unsafe SQLiteHandle.lastError(of: database, code: code) }
        let second = unsafe sqlite3_create_function_v2(database, "fold_contains", 2, flags, nil, foldContains, nil, nil, nil)
        guard second == SQLITE_OK else { throw unsafe SQLiteHandle.lastError(of: database, code: second) }
    }
}

/// The text of an argument; nil for NULL.
private func argument(_ value: OpaquePointer?) -> Text? {
    // SAFETY: the text belongs to the argument and is valid until it is converted again; it is copied at once. Its length is
    // asked for after it, because the conversion decides it.
    guard let value = unsafe value, let text = unsafe sqlite3_value_text(value) else { return nil }
    let length = unsafe Int(sqlite3_value_bytes(value))
    return unsafe Text(decoding: UnsafeBufferPointer(start: text, count: length))
}

/// Called by SQLite with one argument.
private func foldCase(_ context: OpaquePointer?, _ count: Int32, _ arguments: UnsafeMutablePointer<OpaquePointer?>?) {
    guard let context = unsafe context, count == 1, let arguments = unsafe arguments else { return }
    guard let text = unsafe argument(arguments[0]) else { return unsafe sqlite3_result_null(context) }
    // TEXT: only its bytes are handed on.
    var folded = text.foldedCase().swiftString
    folded.withUTF8 { utf8 in
        unsafe utf8.withMemoryRebound(to: CChar.self) { characters in
            unsafe sqlite3_result_text64(
                context, characters.baseAddress ?? SQLiteBinder.emptyText, UInt64(characters.count), SQLiteBinder.transient,
                UInt8(SQLITE_UTF8))
        }
    }
}

/// Called by SQLite with two arguments.
private func foldContains(_ context: OpaquePointer?, _ count: Int32, _ arguments: UnsafeMutablePointer<OpaquePointer?>?) {
    guard let context = unsafe context, count == 2, let arguments = unsafe arguments else { return }
    guard let text = unsafe argument(arguments[0]), let pattern = unsafe argument(arguments[1]) else {
        return unsafe sqlite3_result_null(context)
    }
    let isContained = text.foldedCase().contains(LikePattern.text(of: pattern).foldedCase())
    unsafe sqlite3_result_int(context, isContained ? 1 : 0)
}
