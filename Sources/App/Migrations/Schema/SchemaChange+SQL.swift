// A change of the schema as statements. Pure.
//
// SQLite's ALTER TABLE adds columns, drops plain ones, and no more: everything else is a table made anew beside the old one, which
// then takes its name (the procedure of SQLite's own manual). A migration may do that, because while it runs foreign keys are not
// enforced: dropping a table would otherwise delete the rows that refer to it.

import Reactor

extension SchemaChange {
    /// The statements that carry the change out.
    func statements(_ dialect: SQLDialect) -> [String] {
        switch self {
        case .createTable(let table): table.creation(dialect)
        case .dropTable(let table): ["DROP TABLE \(SQLText.name(table.name));"]
        case .changeTable(let change): dialect == .postgres ? change.postgresStatements : change.sqliteStatements
        }
    }

    /// Both ways of a list of changes.
    static func scripts(_ changes: [SchemaChange]) -> (up: Migration.Script, down: Migration.Script) {
        let back = changes.reversed().map(\.inverse)
        func script(_ changes: [SchemaChange], _ dialect: SQLDialect) -> String {
            changes.flatMap { $0.statements(dialect) }.joined(separator: "\n")
        }
        return (
            Migration.Script(postgres: script(changes, .postgres), sqlite: script(changes, .sqlite)),
            Migration.Script(postgres: script(back, .postgres), sqlite: script(back, .sqlite))
        )
    }

    /// What a person must look at before the file is good.
    static func warnings(_ changes: [SchemaChange]) -> [String] {
        changes.flatMap { change -> [String] in
            switch change {
            case .createTable: return []
            case .dropTable(let table): return ["table \(table.name) is dropped with its rows"]
            case .changeTable(let change):
                return change.edits.compactMap { edit in
                    switch edit {
                    case .dropColumn(let column): "column \(change.target.name).\(column.name) is dropped with its values"
                    case .addColumn(let column) where !column.isNullable && column.defaultValue == nil:
                        "column \(change.target.name).\(column.name) must be filled where the table has rows: give it a default or an UPDATE"
                    case .alterColumn(let from, let to) where from.type != to.type:
                        "column \(change.target.name).\(to.name) changes its type: look at how its values are converted"
                    default: nil
                    }
                }
            }
        }
    }
}

extension TableChange {
    // MARK: PostgreSQL

    fileprivate var postgresStatements: [String] {
        let table = SQLText.name(target.name)
        return edits.flatMap { edit -> [String] in
            switch edit {
            case .addColumn(let column): return ["ALTER TABLE \(table) ADD COLUMN \(column.sql(.postgres));"]
            case .dropColumn(let column): return ["ALTER TABLE \(table) DROP COLUMN \(SQLText.name(column.name));"]
            case .alterColumn(let from, let to): return TableChange.alteration(table, from, to)
            case .primaryKey(_, let to):
                return [
                    "ALTER TABLE \(table) DROP CONSTRAINT \(SQLText.name("\(target.name)_pkey"));",
                    "ALTER TABLE \(table) ADD PRIMARY KEY (\(SQLText.names(to)));",
                ]
            case .addForeignKey(let key): return ["ALTER TABLE \(table) ADD \(key.sql);"]
            case .dropForeignKey(let key): return [TableChange.dropConstraint(table, key.name.isEmpty ? fallbackName(key) : key.name)]
            case .addCheck(let check):
                return check.dialect == .sqlite ? [] : ["ALTER TABLE \(table) ADD \(check.sql);"]
            case .dropCheck(let check):
                return check.dialect == .sqlite ? [] : [TableChange.dropConstraint(table, check.name)]
            case .addIndex(let index): return index.dialect == .sqlite ? [] : [index.sql(on: target)]
            case .dropIndex(let index):
                if index.dialect == .sqlite { return [] }
                return index.isConstraint
                    ? [TableChange.dropConstraint(table, index.name)] : ["DROP INDEX \(SQLText.name(index.name));"]
            case .strictness: return []
            }
        }
    }

    /// The name that PostgreSQL gives to one that has none.
    private func fallbackName(_ key: ForeignKeySchema) -> String {
        "\(target.name)_\(key.columns.joined(separator: "_"))_fkey"
    }

    private static func dropConstraint(_ table: String, _ name: String) -> String {
        "ALTER TABLE \(table) DROP CONSTRAINT \(SQLText.name(name));"
    }

    private static func alteration(_ table: String, _ from: ColumnSchema, _ to: ColumnSchema) -> [String] {
        let column = SQLText.name(to.name)
        var statements: [String] = []
        if from.type != to.type {
            let isIdentity = to.type == .identity
            let type = isIdentity ? ColumnType.bigint.sql(.postgres) : to.type.sql(.postgres)
            if from.type != .bigint || !isIdentity {
                statements.append("ALTER TABLE \(table) ALTER COLUMN \(column) TYPE \(type) USING \(column)::\(type);")
            }
            if isIdentity { statements.append("ALTER TABLE \(table) ALTER COLUMN \(column) ADD GENERATED BY DEFAULT AS IDENTITY;") }
        }
        if from.isNullable != to.isNullable {
            statements.append("ALTER TABLE \(table) ALTER COLUMN \(column) \(to.isNullable ? "DROP" : "SET") NOT NULL;")
        }
        if from.defaultValue != to.defaultValue {
            let action = to.defaultValue.map { "SET DEFAULT \($0.sql(.postgres))" } ?? "DROP DEFAULT"
            statements.append("ALTER TABLE \(table) ALTER COLUMN \(column) \(action);")
        }
        return statements
    }

    // MARK: SQLite

    fileprivate var sqliteStatements: [String] {
        let table = SQLText.name(target.name)
        var simple: [String] = []
        for edit in edits {
            switch edit {
            case .addIndex(let index): if index.dialect != .postgres { simple.append(index.sql(on: target)) }
            case .dropIndex(let index) where !index.isConstraint:
                if index.dialect != .postgres { simple.append("DROP INDEX \(SQLText.name(index.name));") }
            case .addCheck(let check) where check.dialect == .postgres || isOfAddedBoolean(check): continue
            case .dropCheck(let check) where check.dialect == .postgres: continue
            case .addColumn(let column) where column.isConstantlyFilled:
                let check = column.type == .boolean ? target.booleanChecks.first { isOf($0, column) }.map { " \($0.sql)" } : nil
                simple.append("ALTER TABLE \(table) ADD COLUMN \(column.sql(.sqlite))\(check ?? "");")
            case .dropColumn(let column) where column.type != .boolean:
                simple.append("ALTER TABLE \(table) DROP COLUMN \(SQLText.name(column.name));")
            default: return rebuilding
            }
        }
        return simple
    }

    private func isOf(_ check: CheckSchema, _ column: ColumnSchema) -> Bool {
        check.name == "\(target.name)_\(column.name)_check"
    }

    /// Its column brings it along.
    private func isOfAddedBoolean(_ check: CheckSchema) -> Bool {
        edits.contains { edit in
            if case .addColumn(let column) = edit, column.type == .boolean { isOf(check, column) } else { false }
        }
    }

    private var rebuilding: [String] {
        let (old, new) = (SQLText.name(target.name), SQLText.name("new_\(target.name)"))
        let kept = SQLText.names(target.columns.map(\.name).filter { origin[column: $0] != nil })
        var statements = target.creation(.sqlite, as: "new_\(target.name)")
        statements.append("INSERT INTO \(new) (\(kept)) SELECT \(kept) FROM \(old);")
        if target.columns.contains(where: { $0.type == .identity }) {
            // Numbers that were given out once are not given out again.
            let (oldName, newName) = (SQLText.literal(target.name), SQLText.literal("new_\(target.name)"))
            statements.append(
                "UPDATE sqlite_sequence SET seq = (SELECT max(seq) FROM sqlite_sequence WHERE name IN (\(oldName), \(newName))) "
                    + "WHERE name = \(newName);")
        }
        statements += ["DROP TABLE \(old);", "ALTER TABLE \(new) RENAME TO \(old);"]
        return statements + target.indexCreation(.sqlite)
    }
}

extension ColumnSchema {
    /// ALTER TABLE ADD COLUMN takes it in SQLite: NULL or a constant fills it.
    fileprivate var isConstantlyFilled: Bool {
        switch defaultValue {
        case .text, .bool, .int: true
        case .now, .expression: false
        case nil: isNullable
        }
    }
}
