// Values of rows as a backup holds them: JSON that does not tell which database it came from. Pure.

import Reactor

/// What a column of the archive holds.
enum ArchiveType: Sendable, Hashable {
    case integer, text, boolean, timestamp, uuid, double, bytes
    /// Exact, with so many digits behind the point. SQLite keeps it as an integer of the smallest unit.
    case decimal(scale: Int)

    init(_ type: ColumnType) {
        switch type {
        case .identity, .bigint, .integer: self = .integer
        case .text, .varchar, .other: self = .text
        case .boolean: self = .boolean
        case .timestamp: self = .timestamp
        case .uuid: self = .uuid
        case .decimal(_, let scale): self = .decimal(scale: scale)
        case .double: self = .double
        case .bytes: self = .bytes
        }
    }

    // MARK: Its name in the manifest

    private static let names: [String: ArchiveType] = [
        "integer": .integer, "text": .text, "boolean": .boolean, "timestamp": .timestamp, "uuid": .uuid, "double": .double,
        "bytes": .bytes,
    ]

    var name: String {
        if case .decimal(let scale) = self { return "decimal.\(scale)" }
        return ArchiveType.names.first { $0.value == self }?.key ?? ""
    }

    init?(name: String) {
        if let plain = ArchiveType.names[name] {
            self = plain
        } else if name.hasPrefix("decimal."), let scale = Int(name.dropFirst(8)), (0...18).contains(scale) {
            self = .decimal(scale: scale)
        } else {
            return nil
        }
    }

    // MARK: Out of a row

    /// Appends a column's value.
    func write(_ row: SQLRow, _ column: Int, _ dialect: SQLDialect, to json: inout JSONWriter) throws(DatabaseError) {
        guard try !row.isNull(column) else { return json.null() }
        switch self {
        case .integer: json.integer(try row.int(column))
        case .text: json.string(try row.string(column))
        case .boolean: json.bool(try row.bool(column))
        case .timestamp: json.timestamp(try row.timestamp(column))
        case .uuid: json.string(try row.uuid(column))
        case .double: json.double(try row.double(column))
        case .bytes: json.string(Base64URL.encode(try row.bytes(column)))
        case .decimal(let scale):
            json.string(dialect == .sqlite ? ArchiveType.decimal(of: try row.int(column), scale: scale) : try row.decimal(column))
        }
    }

    // MARK: Into a binding

    /// Nil where the JSON is not of this type.
    func binding(_ value: JSONValue, _ dialect: SQLDialect) -> SQLValue? {
        switch (self, value) {
        case (_, .null): return .null
        case (.integer, .number(let number)):
            guard case .value(let whole) = number.whole else { return nil }
            return .int(Int64(whole))
        case (.text, .string(let text)): return .text(text)
        case (.boolean, .bool(let flag)): return .bool(flag)
        case (.timestamp, .string(let text)): return Timestamp(rfc3339: text).map { .timestamp($0) }
        case (.uuid, .string(let text)): return text.asciiString.map { .uuid($0) }
        case (.double, .number(let number)): return Double(number.text).map { .double($0) }
        case (.bytes, .string(let text)): return Base64URL.decode(text).map { .bytes($0) }
        case (.decimal(let scale), .string(let text)):
            guard let text = text.asciiString else { return nil }
            guard dialect == .sqlite else { return .decimal(text) }
            return ArchiveType.units(of: text, scale: scale).map { .int($0) }
        default: return nil
        }
    }

    // MARK: Decimal numbers

    /// `1990` with two digits behind the point is `19.90`.
    static func decimal(of units: Int64, scale: Int) -> String {
        let digits = String(units.magnitude)
        let padded = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
        let sign = units < 0 ? "-" : ""
        return scale == 0 ? sign + padded : "\(sign)\(padded.dropLast(scale)).\(padded.suffix(scale))"
    }

    /// The other way; nil where there are more digits than that, or too many for 64 bits.
    static func units(of text: String, scale: Int) -> Int64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first, !whole.isEmpty else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        guard fraction.count <= scale, fraction.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int64(whole + fraction + String(repeating: "0", count: scale - fraction.count))
    }
}
