// What is between two schemas: the declared one and the one that a database has. Pure.

import Reactor

/// One thing to do to bring a live schema to the declared one.
enum SchemaChange: Sendable, Hashable {
    case createTable(TableSchema)
    case dropTable(TableSchema)
    case changeTable(TableChange)

    /// The way back.
    var inverse: SchemaChange {
        switch self {
        case .createTable(let table): .dropTable(table)
        case .dropTable(let table): .createTable(table)
        case .changeTable(let change):
            .changeTable(TableChange(from: change.target, to: change.origin, edits: change.edits.reversed().map(\.inverse)))
        }
    }

    /// A line each, for people.
    var lines: [String] {
        switch self {
        case .createTable(let table): ["+ table \(table.name)"]
        case .dropTable(let table): ["- table \(table.name)"]
        case .changeTable(let change): change.edits.map { $0.line(in: change.target.name) }
        }
    }

    /// The database has something that the declaration lacks, and lacks nothing: an adopted database may.
    var isOnlySurplus: Bool {
        switch self {
        case .createTable: false
        case .dropTable: true
        case .changeTable(let change): change.edits.allSatisfy { $0.isSurplus(in: change.target) }
        }
    }
}

/// A table that both sides have, and how they differ.
struct TableChange: Sendable, Hashable {
    let origin: TableSchema
    let target: TableSchema
    let edits: [TableEdit]

    init(from origin: TableSchema, to target: TableSchema, edits: [TableEdit]) {
        self.origin = origin
        self.target = target
        self.edits = edits
    }
}

/// One difference inside of a table.
enum TableEdit: Sendable, Hashable {
    case addColumn(ColumnSchema)
    case dropColumn(ColumnSchema)
    case alterColumn(from: ColumnSchema, to: ColumnSchema)
    case primaryKey(from: [String], to: [String])
    case addForeignKey(ForeignKeySchema)
    case dropForeignKey(ForeignKeySchema)
    case addCheck(CheckSchema)
    case dropCheck(CheckSchema)
    case addIndex(IndexSchema)
    case dropIndex(IndexSchema)
    case strictness(to: Bool)

    var inverse: TableEdit {
        switch self {
        case .addColumn(let column): .dropColumn(column)
        case .dropColumn(let column): .addColumn(column)
        case .alterColumn(let from, let to): .alterColumn(from: to, to: from)
        case .primaryKey(let from, let to): .primaryKey(from: to, to: from)
        case .addForeignKey(let key): .dropForeignKey(key)
        case .dropForeignKey(let key): .addForeignKey(key)
        case .addCheck(let check): .dropCheck(check)
        case .dropCheck(let check): .addCheck(check)
        case .addIndex(let index): .dropIndex(index)
        case .dropIndex(let index): .addIndex(index)
        case .strictness(let isStrict): .strictness(to: !isStrict)
        }
    }

    func isSurplus(in table: TableSchema) -> Bool {
        switch self {
        // One that must be filled would break our own INSERTs.
        case .dropColumn(let column): column.isNullable || column.defaultValue != nil
        case .dropForeignKey, .dropIndex: true
        // Of columns that we make no use of.
        case .dropCheck(let check):
            SQLText.tokens(check.expression).allSatisfy { token in
                ![.word, .quoted].contains(token.kind) || table[column: token.text] == nil
            }
        default: false
        }
    }

    func line(in table: String) -> String {
        switch self {
        case .addColumn(let column): "+ column \(table).\(column.name)"
        case .dropColumn(let column): "- column \(table).\(column.name)"
        case .alterColumn(let from, let to): "~ column \(table).\(to.name): \(TableEdit.words(from)) -> \(TableEdit.words(to))"
        case .primaryKey(let from, let to):
            "~ primary key of \(table): (\(from.joined(separator: ", "))) -> (\(to.joined(separator: ", ")))"
        case .addForeignKey(let key): "+ foreign key \(table) (\(key.columns.joined(separator: ", "))) -> \(key.table)"
        case .dropForeignKey(let key): "- foreign key \(table) (\(key.columns.joined(separator: ", "))) -> \(key.table)"
        case .addCheck(let check): "+ check \(check.name.isEmpty ? "of \(table)" : check.name)"
        case .dropCheck(let check): "- check \(check.name.isEmpty ? "of \(table)" : check.name)"
        case .addIndex(let index): "+ index \(index.name)"
        case .dropIndex(let index): "- index \(index.name)"
        case .strictness(let isStrict): "~ table \(table): \(isStrict ? "" : "not ")strict"
        }
    }

    private static func words(_ column: ColumnSchema) -> String {
        var words = [column.type.sql(.postgres), column.isNullable ? "null" : "not null"]
        if let value = column.defaultValue { words.append("default \(value.sql(.postgres))") }
        return words.joined(separator: " ")
    }
}

enum SchemaDifference {
    /// What brings `live` to `declared`: new tables first, in the declaration's order; tables to drop last.
    static func changes(from live: DatabaseSchema, to declared: DatabaseSchema, in dialect: SQLDialect) -> [SchemaChange] {
        var changes: [SchemaChange] = []
        for table in declared.tables {
            guard let origin = live[table.name] else {
                changes.append(.createTable(table))
                continue
            }
            let edits = edits(from: origin, to: table, in: dialect)
            if !edits.isEmpty { changes.append(.changeTable(TableChange(from: origin, to: table, edits: edits))) }
        }
        return changes + live.tables.filter { declared[$0.name] == nil }.map { .dropTable($0) }
    }

    /// In an order in which they can be done: what depends on a column goes before it, and comes after it.
    static func edits(from live: TableSchema, to declared: TableSchema, in dialect: SQLDialect) -> [TableEdit] {
        let (origin, target) = (live.seen(in: dialect, isDeclared: false), declared.seen(in: dialect, isDeclared: true))
        var drops: [TableEdit] = []
        var middle: [TableEdit] = []
        var adds: [TableEdit] = []
        if origin.isStrict != target.isStrict { middle.append(.strictness(to: target.isStrict)) }

        // What each edit carries is the declared or the read original, not its canonical form: SQL is made of it.
        compare(origin.indexes, target.indexes, live.indexes, declared.indexes, name: \.name) {
            drops.append(.dropIndex($0))
        } add: {
            adds.append(.addIndex($0))
        }
        compare(origin.checks, target.checks, live.checks, declared.checks + declared.booleanChecks, name: \.name) {
            drops.append(.dropCheck($0))
        } add: {
            adds.append(.addCheck($0))
        }
        for key in live.foreignKeys where !target.foreignKeys.contains(where: { isSame($0, key, dialect) }) {
            drops.append(.dropForeignKey(key))
        }
        for key in declared.foreignKeys where !origin.foreignKeys.contains(where: { isSame($0, key, dialect) }) {
            adds.append(.addForeignKey(key))
        }

        for (index, column) in target.columns.enumerated() {
            guard let before = origin[column: column.name] else {
                middle.append(.addColumn(declared.columns[index]))
                continue
            }
            if before != column, let read = live[column: column.name] {
                middle.append(.alterColumn(from: read, to: declared.columns[index]))
            }
        }
        for column in live.columns where target[column: column.name] == nil { middle.append(.dropColumn(column)) }
        if origin.primaryKey != target.primaryKey { middle.append(.primaryKey(from: origin.primaryKey, to: target.primaryKey)) }
        return drops + middle + adds
    }

    private static func isSame(_ left: ForeignKeySchema, _ right: ForeignKeySchema, _ dialect: SQLDialect) -> Bool {
        left.columns == right.columns && left.table == right.table && left.referencedColumns == right.referencedColumns
            && left.onDelete == right.onDelete && (dialect == .sqlite || left.name == right.name)
    }

    /// Named things: one that differs is dropped and added.
    private static func compare<Part: Hashable>(
        _ origin: [Part], _ target: [Part], _ live: [Part], _ declared: [Part], name: KeyPath<Part, String>,
        drop: (Part) -> Void, add: (Part) -> Void
    ) {
        for (index, part) in origin.enumerated() where !target.contains(part) {
            drop(live[index])
        }
        for part in target where !origin.contains(part) {
            // A check may be declared for each database by itself: both come along.
            for original in declared where original[keyPath: name] == part[keyPath: name] { add(original) }
        }
    }
}
