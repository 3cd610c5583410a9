// Values in and out of a compiled statement. Runs on the pool thread that the statement is lent to.

import CSQLite

/// Binds parameters and reads columns.
enum SQLiteBinder {
    /// - Parameter bindings: `$1` first. A binding that the text does not use is passed over: a statement's other dialect
    ///   may need it.
    static func bind(_ bindings: [SQLValue], to statement: SQLitePreparedStatement) throws(DatabaseError) {
        for (index, parameter) in statement.parameterOfBinding.enumerated() where parameter != 0 {
            guard index < bindings.count else {
                throw .statement(sqlState: "08P01", message: "$\(index + 1) has no value: \(bindings.count) were given")
            }
            let code = bind(bindings[index], parameter, statement)
            guard code == SQLITE_OK else {
                throw SQLiteErrorMapping.error(code: code, message: "$\(index + 1) cannot be bound")
            }
        }
    }

    private static func bind(_ value: SQLValue, _ parameter: Int32, _ statement: SQLitePreparedStatement) -> Int32 {
        let pointer = unsafe statement.pointer
        switch value {
        case .null: return unsafe sqlite3_bind_null(pointer, parameter)
        case .bool(let value): return unsafe sqlite3_bind_int(pointer, parameter, value ? 1 : 0)
        case .int(let value): return unsafe sqlite3_bind_int64(pointer, parameter, value)
        case .double(let value): return unsafe sqlite3_bind_double(pointer, parameter, value)
        case .text(let text): return unsafe bind(text, parameter, pointer)
        case .decimal(let text), .uuid(let text): return unsafe bind(Text(text), parameter, pointer)
        case .timestamp(let value): return unsafe bind(Text(value.sql), parameter, pointer)
        case .bytes(let bytes):
            // A null pointer would bind NULL.
            guard !bytes.isEmpty else { return unsafe sqlite3_bind_zeroblob(pointer, parameter, 0) }
            return unsafe bytes.withUnsafeBytes { bytes in
                unsafe sqlite3_bind_blob64(pointer, parameter, bytes.baseAddress, UInt64(bytes.count), transient)
            }
        }
    }

    private static func bind(_ text: Text, _ parameter: Int32, _ pointer: OpaquePointer) -> Int32 {
        // TEXT: only its bytes are handed on.
        var text = text.swiftString
        // With its length: a text may hold a NUL.
        return text.withUTF8 { utf8 in
            unsafe utf8.withMemoryRebound(to: CChar.self) { characters in
                unsafe sqlite3_bind_text64(
                    pointer, parameter, characters.baseAddress ?? emptyText, UInt64(characters.count), transient,
                    UInt8(SQLITE_UTF8))
            }
        }
    }

    /// Copies the current row out.
    static func row(of statement: SQLitePreparedStatement) -> [SQLValue] {
        let pointer = unsafe statement.pointer
        return (0..<Int32(clamping: statement.columnNames.count)).map { column in
            // SAFETY: the pointers that SQLite hands out are valid until the next step; they are copied here and now.
            switch unsafe sqlite3_column_type(pointer, column) {
            case SQLITE_INTEGER: return unsafe .int(sqlite3_column_int64(pointer, column))
            case SQLITE_FLOAT: return unsafe .double(sqlite3_column_double(pointer, column))
            case SQLITE_TEXT:
                guard let text = unsafe sqlite3_column_text(pointer, column) else { return .text("") }
                let count = unsafe Int(sqlite3_column_bytes(pointer, column))
                return unsafe .text(Text(decoding: UnsafeBufferPointer(start: text, count: count)))
            case SQLITE_BLOB:
                guard let bytes = unsafe sqlite3_column_blob(pointer, column) else { return .bytes([]) }
                let count = unsafe Int(sqlite3_column_bytes(pointer, column))
                return unsafe .bytes(Array(UnsafeRawBufferPointer(start: bytes, count: count)))
            default: return .null
            }
        }
    }

    /// SQLITE_TRANSIENT, "copy it before the call returns": a cast in the header, which is not imported.
    // SAFETY: SQLite compares this value and never calls it.
    static var transient: sqlite3_destructor_type {
        unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }

    // SAFETY: static storage, never written.
    static var emptyText: UnsafePointer<CChar> {
        unsafe UnsafeRawPointer(("" as StaticString).utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
