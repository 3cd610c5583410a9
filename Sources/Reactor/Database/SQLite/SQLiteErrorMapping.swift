// SQLite's result codes as errors that both databases share. Pure: the code and the message come as arguments.

import CSQLite

/// Translates SQLite's extended result codes. Where PostgreSQL has an SQLSTATE for the same thing, that one is used, so that
/// nothing above has to know which database it talks to.
enum SQLiteErrorMapping {
    /// - Parameters:
    ///   - code: an extended result code (https://www.sqlite.org/rescode.html).
    ///   - message: what `sqlite3_errmsg` says; constraint names are taken from it.
    static func error(code: Int32, message: String) -> DatabaseError {
        switch code {
        case extended(SQLITE_CONSTRAINT, 8), extended(SQLITE_CONSTRAINT, 6), extended(SQLITE_CONSTRAINT, 10):
            // UNIQUE, PRIMARYKEY, ROWID
            return .constraint(.unique, name: constraintName(in: message))
        case extended(SQLITE_IOERR, 19):
            return .incapable(.storageFull)  // SHMSIZE: no room to make the file longer that the write-ahead log's index is in
        case extended(SQLITE_CONSTRAINT, 3):
            return .constraint(.foreignKey, name: nil)  // SQLite does not say which
        case extended(SQLITE_CONSTRAINT, 1):
            return .constraint(.check, name: constraintName(in: message))
        case extended(SQLITE_CONSTRAINT, 5):
            return .constraint(.notNull, name: constraintName(in: message))
        default:
            return error(primaryCode: code & 0xff, message: message)
        }
    }

    private static func error(primaryCode: Int32, message: String) -> DatabaseError {
        switch primaryCode {
        case SQLITE_BUSY, SQLITE_LOCKED: .serialization
        case SQLITE_INTERRUPT: .cancelled
        case SQLITE_CANTOPEN: .unavailable("the database file cannot be opened")
        case SQLITE_NOTADB, SQLITE_CORRUPT: .incapable(.damaged)
        case SQLITE_FULL: .incapable(.storageFull)
        case SQLITE_NOMEM: .incapable(.exhausted)
        case SQLITE_IOERR: .statement(sqlState: "58030", message: "the database file cannot be read or written")
        case SQLITE_READONLY: .incapable(.readOnly)
        case SQLITE_TOOBIG: .statement(sqlState: "54000", message: message)
        case SQLITE_MISMATCH: .statement(sqlState: "42804", message: message)
        case SQLITE_CONSTRAINT: .statement(sqlState: "23000", message: message)
        case SQLITE_RANGE: .statement(sqlState: "08P01", message: message)
        case SQLITE_ERROR where message.hasPrefix("no such table"): .statement(sqlState: "42P01", message: message)
        case SQLITE_ERROR where message.hasPrefix("no such column"): .statement(sqlState: "42703", message: message)
        case SQLITE_ERROR where message.hasSuffix("syntax error"): .statement(sqlState: "42601", message: message)
        default: .statement(sqlState: "42000", message: message)
        }
    }

    /// `UNIQUE constraint failed: users.email` -> `users.email`;
    /// `UNIQUE constraint failed: index 'users_email_key'` -> `users_email_key` (an index on an expression);
    /// `CHECK constraint failed: tasks_status_check` -> `tasks_status_check`.
    static func constraintName(in message: String) -> String? {
        guard let colon = message.firstRange(of: " constraint failed: ") else { return nil }
        var name = message[colon.upperBound...]
        if name.hasPrefix("index '"), name.hasSuffix("'") { name = name.dropFirst(7).dropLast() }
        return name.isEmpty ? nil : String(name)
    }

    /// The table of `users.username` and of `members.team, members.user`: what a unique index is looked up by.
    static func table(ofColumns columns: String) -> String? {
        guard let dot = columns.firstIndex(of: "."), dot != columns.startIndex else { return nil }
        return String(columns[..<dot])
    }

    // The header's macros for extended codes are expressions, which are not imported.
    private static func extended(_ primary: Int32, _ detail: Int32) -> Int32 {
        primary | detail << 8
    }
}
