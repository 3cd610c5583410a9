// A column of ours as an expression over a table of somebody else's. SQL text only; pure.

import Reactor

/// Where a column's values come from, and what must hold of them.
struct AdoptionColumn: Sendable, Hashable {
    var name: String
    /// What the old row holds, in our type; NULL where it holds nothing.
    var expression: String
    /// The old columns that it is made of.
    var sources: [String]
    var fidelity = Fidelity.derived
    /// What is true of an old value that is no time this program could read again; nil for anything but times.
    var unreadable: String?

    /// How much of an old value is in ours: it decides what may go on hanging on the column.
    enum Fidelity: Sendable, Hashable {
        /// It means the same in any expression.
        case same
        /// Another spelling: what differed still does.
        case converted
        /// Something that was worked out.
        case derived
    }

    /// One old column in a type of ours; nil where the types have nothing to do with each other.
    static func converted(_ name: String, from source: ColumnSchema, to type: ColumnType, _ dialect: SQLDialect) -> AdoptionColumn? {
        guard let expression = converted(source, to: type, dialect) else { return nil }
        let isSame = expression == SQLText.identifier(source.name) || source.type == type || (source.type.isText && type.isText)
        return AdoptionColumn(
            name: name, expression: expression, sources: [source.name], fidelity: isSame ? .same : .converted,
            unreadable: type == .timestamp ? unreadable(SQLText.identifier(source.name), expression, dialect) : nil)
    }

    /// PostgreSQL keeps times of more years than RFC 3339 can write, and two that are no times: -infinity and infinity.
    private static func unreadable(_ column: String, _ expression: String, _ dialect: SQLDialect) -> String {
        switch dialect {
        case .postgres: "\(column) < '0001-01-01 00:00:00+00' OR \(column) >= '10000-01-01 00:00:00+00'"
        case .sqlite: "\(column) IS NOT NULL AND (\(expression)) IS NULL"
        }
    }

    /// Reads one old column as a type of ours; nil where the types have nothing to do with each other.
    static func converted(_ source: ColumnSchema, to type: ColumnType, _ dialect: SQLDialect) -> String? {
        let column = SQLText.identifier(source.name)
        return switch dialect {
        case .postgres: postgres(column, source, to: type)
        case .sqlite: sqlite(column, source, to: type)
        }
    }

    /// A word of a closed set, told by its other spellings; NULL for any other.
    static func mapped(_ source: ColumnSchema, _ words: [(ours: String, theirs: [String])]) -> String {
        let cases = words.map { "WHEN \(normalized(source)) IN (\(list($0.theirs))) THEN \(SQLText.literal($0.ours))" }
        return "CASE \(cases.joined(separator: " ")) END"
    }

    /// The column's text in lower case, with underscores for hyphens and blanks.
    static func normalized(_ source: ColumnSchema) -> String {
        "lower(replace(replace(CAST(\(SQLText.identifier(source.name)) AS text), '-', '_'), ' ', '_'))"
    }

    static func list(_ words: [String]) -> String { words.map(SQLText.literal).joined(separator: ", ") }

    // MARK: PostgreSQL

    private static func postgres(_ column: String, _ source: ColumnSchema, to type: ColumnType) -> String? {
        let live = source.liveType
        let isInteger = ["smallint", "integer", "bigint"].contains(live)
        switch type {
        case .identity, .bigint, .integer: return isInteger ? column : nil
        case .text, .varchar: return "CAST(\(column) AS text)"
        case .boolean: return live == "boolean" ? column : isInteger ? "(\(column) <> 0)" : nil
        case .timestamp:
            if live == "timestamp with time zone" || live.hasPrefix("timestamp("), live.hasSuffix("with time zone") { return column }
            // Without a zone it is what the application's clock said, and those of servers say UTC.
            if live.hasPrefix("timestamp") || live == "date" { return "(CAST(\(column) AS timestamp) AT TIME ZONE 'UTC')" }
            return nil
        case .decimal(_, let scale):
            let isNumber = isInteger || live.hasPrefix("numeric") || live == "double precision" || live == "real"
            return isNumber ? "round(CAST(\(column) AS numeric), \(scale))" : nil
        case .uuid, .double, .bytes, .other: return live == type.sql(.postgres) ? column : nil
        }
    }

    // MARK: SQLite

    private static func sqlite(_ column: String, _ source: ColumnSchema, to type: ColumnType) -> String? {
        switch type {
        case .identity, .bigint, .integer:
            // What a column is declared as says little there; a UUID is text, and is told by its declaration.
            switch source.type {
            case .bigint, .identity: return column
            default: return nil
            }
        case .text, .varchar, .uuid: return "CAST(\(column) AS TEXT)"
        case .boolean:
            return "CASE WHEN lower(\(column)) IN ('1', 'true', 't', 'yes') THEN 1 "
                + "WHEN lower(\(column)) IN ('0', 'false', 'f', 'no') THEN 0 END"
        case .timestamp: return sqliteTime(column)
        case .decimal(_, let scale):
            return "CAST(round(\(column) * 1\(String(repeating: "0", count: scale))) AS INTEGER)"
        case .double: return "CAST(\(column) AS REAL)"
        case .bytes, .other: return column
        }
    }

    /// SQLAlchemy's text is what we store, microseconds and all. Anything else (CURRENT_TIMESTAMP, ISO 8601 with a zone, a date)
    /// goes through SQLite's own reading, which keeps milliseconds; numbers are seconds since 1970. NULL for what is no time of the
    /// years 1 to 9999: SQLite takes 30 February for 1 March, 24:00 for a time, and a bare time for one in the year 2000. It works a
    /// time out anew only where something is added to it.
    private static func sqliteTime(_ column: String) -> String {
        let digits = { (count: Int) in String(repeating: "[0-9]", count: count) }
        let pattern = "\(digits(4))-\(digits(2))-\(digits(2))[ T]\(digits(2)):\(digits(2)):\(digits(2)).\(digits(6))"
        let format = "'%Y-%m-%d %H:%M:%f000'"
        let (date, time) = ("substr(\(column), 1, 10)", "substr(\(column), 12, 8)")
        let isDate = "typeof(\(column)) = 'text' AND date(\(date), '+0 days') = \(date)"
        return "CASE WHEN typeof(\(column)) IN ('integer', 'real') THEN CASE WHEN strftime('%Y', \(column), 'unixepoch') >= '0001' "
            + "THEN strftime(\(format), \(column), 'unixepoch') END "
            + "WHEN \(isDate) AND \(column) GLOB '\(pattern)' THEN "
            + "CASE WHEN \(date) >= '0001' AND time(\(time), '+0 seconds') = \(time) THEN \(date) || ' ' || substr(\(column), 12) END "
            + "WHEN \(isDate) AND strftime('%Y', \(column), '+0 seconds') >= '0001' THEN strftime(\(format), \(column), '+0 seconds') END"
    }
}

extension ColumnType {
    fileprivate var isText: Bool {
        switch self {
        case .text, .varchar: true
        default: false
        }
    }
}
