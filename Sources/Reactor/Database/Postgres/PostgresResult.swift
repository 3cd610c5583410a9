// A result as libpq holds it: owned here, cleared with the last row that refers to it. Immutable; any thread.

import CLibpq

/// A PGresult.
// SAFETY: libpq documents PGresult as read-only once it is handed out, and safe to read from any thread; only `deinit` frees it.
@safe
final class PostgresResult: @unchecked Sendable {
    private let pointer: OpaquePointer
    let rowCount: Int
    private let columnCount: Int

    /// Takes ownership of `pointer`.
    init(_ pointer: OpaquePointer) {
        unsafe self.pointer = unsafe pointer
        rowCount = unsafe Int(PQntuples(pointer))
        columnCount = unsafe Int(PQnfields(pointer))
    }

    deinit { unsafe PQclear(pointer) }

    /// From the command tag ("UPDATE 3"); 0 where the command counts nothing.
    var affectedRows: Int {
        // SAFETY: a string inside of the result; read before the result can go.
        unsafe Int(String(cString: PQcmdTuples(pointer))) ?? 0
    }

    var commandTag: String {
        // SAFETY: as above.
        unsafe String(cString: PQcmdStatus(pointer))
    }

    var columnNames: [String] {
        (0..<columnCount).map { name($0) }
    }

    // MARK: Values

    func isNull(_ row: Int, _ column: Int) throws(DatabaseError) -> Bool {
        try check(column)
        return unsafe PQgetisnull(pointer, Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: column)) != 0
    }

    func int(_ row: Int, _ column: Int) throws(DatabaseError) -> Int64? {
        try decode(row, column, "an integer") { type, bytes in
            switch type {
            case .int8, .int4, .int2: PostgresBinary.int(bytes)
            case .oid: PostgresBinary.oid(bytes)
            // sum(bigint) is one.
            case .numeric: PostgresBinary.numeric(bytes).flatMap { Int64($0) }
            default: nil
            }
        }
    }

    func string(_ row: Int, _ column: Int) throws(DatabaseError) -> String? {
        try decode(row, column, "text") { type, bytes in
            switch type {
            case .text, .varchar, .bpchar, .name, .char, .unknown, .json, .void: PostgresBinary.text(bytes)
            case .jsonb: PostgresBinary.jsonb(bytes)
            case .uuid: PostgresBinary.uuid(bytes)
            case .date: PostgresBinary.date(bytes).map { String($0.sql.prefix(10)) }
            default: nil
            }
        }
    }

    func bool(_ row: Int, _ column: Int) throws(DatabaseError) -> Bool? {
        try decode(row, column, "a boolean") { type, bytes in type == .bool ? PostgresBinary.bool(bytes) : nil }
    }

    func double(_ row: Int, _ column: Int) throws(DatabaseError) -> Double? {
        try decode(row, column, "a number") { type, bytes in
            switch type {
            case .float8, .float4: PostgresBinary.double(bytes)
            case .int8, .int4, .int2: PostgresBinary.int(bytes).map { Double($0) }
            case .numeric: PostgresBinary.numeric(bytes).flatMap { Double($0) }
            default: nil
            }
        }
    }

    func timestamp(_ row: Int, _ column: Int) throws(DatabaseError) -> Timestamp? {
        try decode(row, column, "a finite timestamp") { type, bytes in
            switch type {
            case .timestamptz, .timestamp: PostgresBinary.timestamp(bytes)
            case .date: PostgresBinary.date(bytes)
            default: nil
            }
        }
    }

    func decimal(_ row: Int, _ column: Int) throws(DatabaseError) -> String? {
        try decode(row, column, "a decimal number") { type, bytes in
            switch type {
            case .numeric: PostgresBinary.numeric(bytes)
            case .int8, .int4, .int2: PostgresBinary.int(bytes).map { String($0) }
            default: nil
            }
        }
    }

    func uuid(_ row: Int, _ column: Int) throws(DatabaseError) -> String? {
        try decode(row, column, "a UUID") { type, bytes in
            switch type {
            case .uuid: PostgresBinary.uuid(bytes)
            case .text, .varchar, .bpchar: Text(PostgresBinary.text(bytes)).lowercasedASCII().asciiString
            default: nil
            }
        }
    }

    func bytes(_ row: Int, _ column: Int) throws(DatabaseError) -> [UInt8]? {
        try decode(row, column, "bytes") { type, bytes in
            switch type {
            case .bytea, .text, .varchar: PostgresBinary.bytes(bytes)
            default: nil
            }
        }
    }

    func value(_ row: Int, _ column: Int) throws(DatabaseError) -> SQLValue {
        try decode(row, column, "of a known type") { type, bytes in
            switch type {
            case .bool: PostgresBinary.bool(bytes).map { .bool($0) }
            case .int2, .int4, .int8: PostgresBinary.int(bytes).map { .int($0) }
            case .oid: PostgresBinary.oid(bytes).map { .int($0) }
            case .float4, .float8: PostgresBinary.double(bytes).map { .double($0) }
            case .numeric: PostgresBinary.numeric(bytes).map { .decimal($0) }
            case .timestamp, .timestamptz: PostgresBinary.timestamp(bytes).map { .timestamp($0) }
            case .date: PostgresBinary.date(bytes).map { .timestamp($0) }
            case .uuid: PostgresBinary.uuid(bytes).map { .uuid($0) }
            case .bytea: .bytes(PostgresBinary.bytes(bytes))
            case .jsonb: PostgresBinary.jsonb(bytes).map { .text(Text($0)) }
            case .text, .varchar, .bpchar, .name, .char, .unknown, .json, .void: .text(Text(PostgresBinary.text(bytes)))
            }
        } ?? .null
    }

    // MARK: Fields

    /// Reads one field; nil for NULL.
    /// - Parameter body: gets the type and the bytes; its nil means that they do not fit `expected`.
    private func decode<T>(
        _ row: Int, _ column: Int, _ expected: StaticString, _ body: (PostgresType, RawSpan) -> T?
    ) throws(DatabaseError) -> T? {
        guard try !isNull(row, column) else { return nil }
        let (row32, column32) = (Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: column))
        guard let type = unsafe PostgresType(rawValue: PQftype(pointer, column32)) else {
            throw .decoding("column \(column) (\(name(column))) has a type that is not decoded; cast it in the query")
        }
        // SAFETY: the bytes lie inside of the result, which outlives this call.
        let start = unsafe PQgetvalue(pointer, row32, column32)
        let count = unsafe Int(PQgetlength(pointer, row32, column32))
        let field = unsafe UnsafeRawBufferPointer(start: start, count: count)
        guard let value = unsafe body(type, field.bytes) else {
            throw .decoding("column \(column) (\(name(column))) is not \(expected)")
        }
        return value
    }

    private func check(_ column: Int) throws(DatabaseError) {
        guard column >= 0, column < columnCount else {
            throw .decoding("there is no column \(column): the result has \(columnCount)")
        }
    }

    private func name(_ column: Int) -> String {
        guard let name = unsafe PQfname(pointer, Int32(truncatingIfNeeded: column)) else { return "" }
        return unsafe String(cString: name)
    }
}
