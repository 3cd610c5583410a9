// One row, read column by column. A value; any thread.

/// A row of a result. Columns are counted from 0; the readers whose names begin with `optional` give nil for NULL, the others
/// throw. Every reader throws ``DatabaseError/decoding(_:)`` where the column is absent or holds another type.
public struct SQLRow: Sendable {
    let storage: SQLRows.Storage
    let position: Int

    /// The column called `name`; nil where there is none. A search through the names: for loops, look it up once.
    public func index(of name: String) -> Int? {
        storage.columnNames.firstIndex(of: name)
    }

    public func isNull(_ column: Int) throws(DatabaseError) -> Bool {
        switch storage {
        case .postgres(let result): try result.isNull(position, column)
        case .values: try materialised(column) == .null
        }
    }

    /// The column's value, whatever its type. Dates come as their midnight in UTC, JSON as text.
    public func value(_ column: Int) throws(DatabaseError) -> SQLValue {
        switch storage {
        case .postgres(let result): try result.value(position, column)
        case .values: try materialised(column)
        }
    }

    // MARK: Values

    /// An integer of any width, or a decimal number without fraction.
    public func int(_ column: Int) throws(DatabaseError) -> Int64 {
        try present(try optionalInt(column), column)
    }

    public func optionalInt(_ column: Int) throws(DatabaseError) -> Int64? {
        if case .postgres(let result) = storage { return try result.int(position, column) }
        switch try materialised(column) {
        case .null: return nil
        case .int(let value): return value
        case .bool(let value): return value ? 1 : 0
        default: throw mismatch(column, "an integer")
        }
    }

    /// Text of any kind, JSON, a UUID, or a date as YYYY-MM-DD: what clients wrote is read so.
    public func text(_ column: Int) throws(DatabaseError) -> Text {
        try present(try optionalText(column), column)
    }

    /// Text of any kind, JSON, a UUID, or a date as YYYY-MM-DD.
    public func optionalText(_ column: Int) throws(DatabaseError) -> Text? {
        if case .postgres(let result) = storage { return try result.string(position, column).map { Text($0) } }
        switch try materialised(column) {
        case .null: return nil
        case .text(let value): return value
        case .uuid(let value): return Text(value)
        default: throw mismatch(column, "text")
        }
    }

    /// The same as a `String`: see ``optionalString(_:)``.
    public func string(_ column: Int) throws(DatabaseError) -> String {
        try present(try optionalString(column), column)
    }

    /// Text that is ASCII, as a `String`: see ``optionalASCIIString(_:)``.
    public func asciiString(_ column: Int) throws(DatabaseError) -> String {
        try present(try optionalASCIIString(column), column)
    }

    /// Text that is ASCII, as a `String`: keywords, identifiers, digits.
    /// - Throws: ``DatabaseError/decoding(_:)`` where the text holds anything else.
    public func optionalASCIIString(_ column: Int) throws(DatabaseError) -> String? {
        guard let text = try optionalText(column) else { return nil }
        guard let string = text.asciiString else { throw mismatch(column, "ASCII") }
        return string
    }

    /// Text as a `String`: for columns that only the program or its operator writes. What clients wrote is read by ``text(_:)``.
    public func optionalString(_ column: Int) throws(DatabaseError) -> String? {
        // TEXT: columns of the program's own: the caller says so by asking for a String.
        try optionalText(column)?.swiftString
    }

    public func bool(_ column: Int) throws(DatabaseError) -> Bool {
        try present(try optionalBool(column), column)
    }

    /// A boolean; SQLite's are 0 and 1.
    public func optionalBool(_ column: Int) throws(DatabaseError) -> Bool? {
        if case .postgres(let result) = storage { return try result.bool(position, column) }
        switch try materialised(column) {
        case .null: return nil
        case .bool(let value): return value
        case .int(0): return false
        case .int(1): return true
        default: throw mismatch(column, "a boolean")
        }
    }

    public func double(_ column: Int) throws(DatabaseError) -> Double {
        try present(try optionalDouble(column), column)
    }

    /// Any number, as the nearest floating-point one.
    public func optionalDouble(_ column: Int) throws(DatabaseError) -> Double? {
        if case .postgres(let result) = storage { return try result.double(position, column) }
        switch try materialised(column) {
        case .null: return nil
        case .double(let value): return value
        case .int(let value): return Double(value)
        case .decimal, .text:
            guard let text = try optionalDecimal(column), let value = Double(text) else { throw mismatch(column, "a number") }
            return value
        default: throw mismatch(column, "a number")
        }
    }

    public func timestamp(_ column: Int) throws(DatabaseError) -> Timestamp {
        try present(try optionalTimestamp(column), column)
    }

    /// A point in time; a timestamp without zone is taken as UTC, a date as its midnight.
    public func optionalTimestamp(_ column: Int) throws(DatabaseError) -> Timestamp? {
        if case .postgres(let result) = storage { return try result.timestamp(position, column) }
        switch try materialised(column) {
        case .null: return nil
        case .timestamp(let value): return value
        case .text(let text):
            guard let value = Timestamp(rfc3339: text) else { throw mismatch(column, "a timestamp") }
            return value
        default: throw mismatch(column, "a timestamp")
        }
    }

    public func decimal(_ column: Int) throws(DatabaseError) -> String {
        try present(try optionalDecimal(column), column)
    }

    /// An exact number, in digits.
    public func optionalDecimal(_ column: Int) throws(DatabaseError) -> String? {
        if case .postgres(let result) = storage { return try result.decimal(position, column) }
        switch try materialised(column) {
        case .null: return nil
        case .decimal(let text): return text
        case .text(let text):
            guard let digits = text.asciiString else { throw mismatch(column, "a decimal number") }
            return digits
        case .int(let value): return String(value)
        case .double(let value): return "\(value)"
        default: throw mismatch(column, "a decimal number")
        }
    }

    public func uuid(_ column: Int) throws(DatabaseError) -> String {
        try present(try optionalUUID(column), column)
    }

    /// The 36-character form, lower case.
    public func optionalUUID(_ column: Int) throws(DatabaseError) -> String? {
        if case .postgres(let result) = storage { return try result.uuid(position, column) }
        switch try materialised(column) {
        case .null: return nil
        case .uuid(let text): return text
        case .text(let text):
            guard let ascii = text.lowercasedASCII().asciiString else { throw mismatch(column, "a UUID") }
            return ascii
        default: throw mismatch(column, "a UUID")
        }
    }

    public func bytes(_ column: Int) throws(DatabaseError) -> [UInt8] {
        try present(try optionalBytes(column), column)
    }

    /// A binary value, or text as its UTF-8.
    public func optionalBytes(_ column: Int) throws(DatabaseError) -> [UInt8]? {
        if case .postgres(let result) = storage { return try result.bytes(position, column) }
        switch try materialised(column) {
        case .null: return nil
        case .bytes(let value): return value
        case .text(let text): return Array(text.utf8)
        default: throw mismatch(column, "bytes")
        }
    }

    // MARK: Pieces

    private func materialised(_ column: Int) throws(DatabaseError) -> SQLValue {
        guard case .values(let table) = storage else { return .null }
        let row = table.rows[position]
        guard row.indices.contains(column) else {
            throw .decoding("there is no column \(column): the result has \(row.count)")
        }
        return row[column]
    }

    private func present<T>(_ value: T?, _ column: Int) throws(DatabaseError) -> T {
        guard let value else { throw .decoding("column \(label(column)) is NULL") }
        return value
    }

    /// Says what was expected, and not what is there: errors are logged, values are not.
    private func mismatch(_ column: Int, _ expected: String) -> DatabaseError {
        .decoding("column \(label(column)) is not \(expected)")
    }

    private func label(_ column: Int) -> String {
        let names = storage.columnNames
        return names.indices.contains(column) ? "\(column) (\(names[column]))" : "\(column)"
    }
}
