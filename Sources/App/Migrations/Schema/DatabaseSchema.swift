// What a schema consists of, in terms that both databases share: the program's own declaration is written in them, and a live
// database is read into them. Values; any thread.

import Reactor

/// Tables by name.
struct DatabaseSchema: Sendable, Hashable {
    /// In the order in which they can be made: what is referred to comes first. By name where they were read.
    var tables: [TableSchema]

    subscript(name: String) -> TableSchema? {
        tables.first { $0.name == name }
    }
}

/// One table.
struct TableSchema: Sendable, Hashable {
    var name: String
    var columns: [ColumnSchema]
    var primaryKey: [String]
    var foreignKeys: [ForeignKeySchema] = []
    var checks: [CheckSchema] = []
    /// Unique constraints are among them: both databases keep one by an index.
    var indexes: [IndexSchema] = []
    /// SQLite's STRICT; nothing to PostgreSQL.
    var isStrict = true

    init(
        _ name: String, columns: [ColumnSchema], primaryKey: [String] = ["id"], foreignKeys: [ForeignKeySchema] = [],
        checks: [CheckSchema] = [], indexes: [IndexSchema] = [], isStrict: Bool = true
    ) {
        self.name = name
        self.columns = columns
        self.primaryKey = primaryKey
        self.foreignKeys = foreignKeys
        self.checks = checks
        self.indexes = indexes
        self.isStrict = isStrict
    }

    subscript(column name: String) -> ColumnSchema? {
        columns.first { $0.name == name }
    }
}

/// What a column holds.
enum ColumnType: Sendable, Hashable {
    /// A 64-bit number that the database counts up.
    case identity
    case bigint
    case integer
    case text
    case varchar(Int)
    case boolean
    /// A point in time; in SQLite text of fixed width.
    case timestamp
    case uuid
    case decimal(precision: Int, scale: Int)
    case double
    case bytes
    /// Anything that this program makes no use of, in the live database's own words.
    case other(String)
}

/// What a column holds where an INSERT does not name it.
enum ColumnDefault: Sendable, Hashable {
    case text(String)
    case bool(Bool)
    case int(Int64)
    /// The time of the statement (PostgreSQL: of its transaction).
    case now
    /// Any other expression, in the live database's own words.
    case expression(String)
}

struct ColumnSchema: Sendable, Hashable {
    var name: String
    var type: ColumnType
    var isNullable = false
    var defaultValue: ColumnDefault?
    /// The type as the live database writes it; empty in a declaration.
    var liveType = ""
    /// PostgreSQL: one of an enumeration's labels.
    var isEnumeration = false
    /// The database counts it up, whatever its width.
    var isCounted = false

    static let id = ColumnSchema(name: "id", type: .identity)

    static func required(_ name: String, _ type: ColumnType, default value: ColumnDefault? = nil) -> ColumnSchema {
        ColumnSchema(name: name, type: type, defaultValue: value)
    }

    static func optional(_ name: String, _ type: ColumnType) -> ColumnSchema {
        ColumnSchema(name: name, type: type, isNullable: true)
    }

    /// `created_at` and the like: filled in by the database.
    static func time(_ name: String) -> ColumnSchema {
        ColumnSchema(name: name, type: .timestamp, defaultValue: .now)
    }
}

struct ForeignKeySchema: Sendable, Hashable {
    enum Action: String, Sendable {
        case none = "NO ACTION"
        case cascade = "CASCADE"
        case setNull = "SET NULL"
        case setDefault = "SET DEFAULT"
        case restrict = "RESTRICT"
    }

    /// Empty where SQLite was read: it tells no names.
    var name: String
    var columns: [String]
    var table: String
    var referencedColumns: [String] = ["id"]
    var onDelete = Action.none
    /// What PostgreSQL would make it with again; empty elsewhere.
    var definition = ""
}

struct CheckSchema: Sendable, Hashable {
    var name: String
    var expression: String
    /// Nil where both databases have it.
    var dialect: SQLDialect?
    var definition = ""
}

struct IndexSchema: Sendable, Hashable {
    var name: String
    /// Columns or expressions, with ` DESC` where they descend.
    var keys: [String]
    var isUnique = false
    /// The condition of a partial index.
    var predicate: String?
    /// Nil where both databases have it.
    var dialect: SQLDialect?
    /// It belongs to a UNIQUE constraint.
    var isConstraint = false
    /// What the live database would make it with again; empty in a declaration.
    var definition = ""

    static func unique(_ name: String, _ keys: String...) -> IndexSchema {
        IndexSchema(name: name, keys: keys, isUnique: true)
    }

    static func index(_ name: String, _ keys: String..., where predicate: String? = nil) -> IndexSchema {
        IndexSchema(name: name, keys: keys, predicate: predicate)
    }
}

// MARK: - As a database tells it

extension ColumnType {
    /// What reading a column of this type back gives: SQLite has fewer types.
    func seen(in dialect: SQLDialect) -> ColumnType {
        guard dialect == .sqlite else { return self }
        switch self {
        case .identity, .double, .bytes, .other: return self
        // Amounts are integers there, in units of the last decimal place.
        case .bigint, .integer, .boolean, .decimal: return .bigint
        case .text, .varchar, .timestamp, .uuid: return .text
        }
    }
}

extension ColumnDefault {
    func seen(in dialect: SQLDialect) -> ColumnDefault {
        if dialect == .sqlite, case .bool(let value) = self { return .int(value ? 1 : 0) }
        return self
    }
}

extension TableSchema {
    /// What reading this table back gives, expressions in their canonical form: two tables that mean the same are then equal.
    /// - Parameter isDeclared: false for a table that was read.
    func seen(in dialect: SQLDialect, isDeclared: Bool) -> TableSchema {
        var table = self
        for index in table.columns.indices {
            table.columns[index].type = table.columns[index].type.seen(in: dialect)
            table.columns[index].defaultValue = table.columns[index].defaultValue?.seen(in: dialect)
            table.columns[index].liveType = ""
            table.columns[index].isEnumeration = false
            table.columns[index].isCounted = false
        }
        for index in table.foreignKeys.indices {
            if dialect == .sqlite { table.foreignKeys[index].name = "" }
            table.foreignKeys[index].definition = ""
        }
        if dialect == .sqlite, isDeclared { table.checks += booleanChecks }
        table.checks = table.checks.filter { $0.dialect == nil || $0.dialect == dialect }.map { check in
            CheckSchema(name: check.name, expression: SQLText.canonical(check.expression))
        }
        table.indexes = table.indexes.filter { $0.dialect == nil || $0.dialect == dialect }.map { index in
            IndexSchema(
                name: index.name, keys: index.keys.map { SQLText.canonical(IndexSchema.key($0, of: self)) }, isUnique: index.isUnique,
                predicate: index.predicate.map(SQLText.canonical))
        }
        if dialect == .postgres { table.isStrict = true }
        return table
    }

    /// SQLite's booleans are numbers: each has a check that it is one of two.
    var booleanChecks: [CheckSchema] {
        columns.filter { $0.type == .boolean }.map { column in
            CheckSchema(name: "\(name)_\(column.name)_check", expression: "\(SQLText.name(column.name)) IN (0, 1)", dialect: .sqlite)
        }
    }
}
