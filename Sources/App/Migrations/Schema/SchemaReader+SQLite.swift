// Reading SQLite's schema: its pragmas, and where those are silent (checks, expressions of indexes) the texts that made the
// tables. On the executor's loop.

import Reactor

extension SchemaReader {
    static func sqliteTables(_ executor: any SQLExecutor) async throws -> [TableSchema] {
        var tables: [String: TableSchema] = [:]
        for row in try await executor.execute(Statements.tables, []) {
            let name = try row.string(0)
            var table = TableSchema(name, columns: [], primaryKey: [], isStrict: try row.bool(2))
            table.checks = checks(in: SQLText.tokens(try row.string(1)))
            tables[name] = table
        }
        var keyPlaces: [String: [(place: Int64, column: String)]] = [:]
        for row in try await executor.execute(Statements.columns, []) {
            let table = try row.string(0)
            let column = try column(row)
            tables[table]?.columns.append(column)
            let place = try row.int(5)
            if place > 0 { keyPlaces[table, default: []].append((place, column.name)) }
        }
        for (table, columns) in keyPlaces {
            let key = columns.sorted { $0.place < $1.place }.map(\.column)
            tables[table]?.primaryKey = key
            // An INTEGER PRIMARY KEY is the row's own number, and is never NULL whatever the text says.
            if key.count == 1, let index = tables[table]?.columns.firstIndex(where: { $0.name == key[0] }),
                tables[table]?.columns[index].liveType.lowercased() == "integer"
            {
                tables[table]?.columns[index].type = .identity
                tables[table]?.columns[index].isNullable = false
                tables[table]?.columns[index].isCounted = true
            }
        }
        for row in try await executor.execute(Statements.foreignKeys, []) { try add(foreignKey: row, to: &tables) }
        for row in try await executor.execute(Statements.indexes, []) {
            if let index = try index(row) { tables[try row.string(0)]?.indexes.append(index) }
        }
        return Array(tables.values)
    }

    private static func column(_ row: SQLRow) throws(DatabaseError) -> ColumnSchema {
        let liveType = try row.string(2)
        return ColumnSchema(
            name: try row.string(1), type: ColumnType(live: liveType, .sqlite), isNullable: try !row.bool(3),
            defaultValue: try row.optionalString(4).map { ColumnDefault(live: $0) }, liveType: liveType)
    }

    /// A row a column of a key; `seq` above 0 continues the one before.
    private static func add(foreignKey row: SQLRow, to tables: inout [String: TableSchema]) throws(DatabaseError) {
        let table = try row.string(0)
        let (from, to) = (try row.string(4), try row.optionalString(5) ?? "id")
        if try row.int(2) > 0, let last = tables[table]?.foreignKeys.indices.last {
            tables[table]?.foreignKeys[last].columns.append(from)
            tables[table]?.foreignKeys[last].referencedColumns.append(to)
        } else {
            tables[table]?.foreignKeys.append(
                ForeignKeySchema(
                    name: "", columns: [from], table: try row.string(3), referencedColumns: [to],
                    onDelete: ForeignKeySchema.Action(rawValue: try row.string(6)) ?? .none))
        }
    }

    /// Nil for the index of a primary key.
    private static func index(_ row: SQLRow) throws(DatabaseError) -> IndexSchema? {
        let origin = try row.string(3)
        guard origin != "pk" else { return nil }
        let (name, isUnique) = (try row.string(1), try row.bool(2))
        guard let definition = try row.optionalString(4) else {
            let keys = try row.string(5).split(separator: "\u{1F}").map(String.init)
            return IndexSchema(name: name, keys: keys, isUnique: isUnique, isConstraint: true)
        }
        let tokens = SQLText.tokens(definition)
        guard let on = tokens.firstIndex(where: { $0.kind == .word && $0.text == "on" }),
            let (inner, end) = SQLText.parenthesized(tokens, from: on + 2)
        else { return IndexSchema(name: name, keys: [], isUnique: isUnique, definition: definition) }
        let rest = tokens[(end + 1)...]
        let predicate = rest.first?.text == "where" ? SQLText.text(Array(rest.dropFirst())) : nil
        return IndexSchema(
            name: name, keys: SQLText.list(inner).map { key in SQLText.text(key.filter { $0.text != "asc" }) },
            isUnique: isUnique, predicate: predicate, definition: definition)
    }

    /// Every `[CONSTRAINT name] CHECK (...)` of a table's text.
    private static func checks(in tokens: [SQLText.Token]) -> [CheckSchema] {
        var checks: [CheckSchema] = []
        for index in tokens.indices where tokens[index].kind == .word && tokens[index].text == "check" {
            guard let (inner, _) = SQLText.parenthesized(tokens, from: index + 1) else { continue }
            let isNamed = index >= 2 && tokens[index - 2].kind == .word && tokens[index - 2].text == "constraint"
            checks.append(CheckSchema(name: isNamed ? tokens[index - 1].text : "", expression: SQLText.text(inner)))
        }
        return checks
    }

    private enum Statements {
        /// Virtual tables and what they keep their data in are not tables of anybody's.
        private static let ours = """
            FROM sqlite_schema AS s
            JOIN pragma_table_list AS l ON l.schema = 'main' AND l.name = s.name AND l.type = 'table'
            """
        private static let isTable = "s.type = 'table' AND s.name NOT GLOB 'sqlite_*'"

        static let tables = SQLStatement.read("SELECT s.name, s.sql, l.strict \(ours) WHERE \(isTable)")

        static let columns = SQLStatement.read(
            """
            SELECT s.name, p.name, p.type, p."notnull", p.dflt_value, p.pk
            FROM sqlite_schema AS s JOIN pragma_table_xinfo(s.name) AS p
            WHERE \(isTable) AND p.hidden IN (0, 2, 3) ORDER BY s.name, p.cid
            """)

        static let foreignKeys = SQLStatement.read(
            """
            SELECT s.name, p.id, p.seq, p."table", p."from", p."to", p.on_delete
            FROM sqlite_schema AS s JOIN pragma_foreign_key_list(s.name) AS p
            WHERE \(isTable) ORDER BY s.name, p.id, p.seq
            """)

        static let indexes = SQLStatement.read(
            """
            SELECT s.name, p.name, p."unique", p.origin, x.sql,
                (SELECT group_concat(name, char(31)) FROM (
                    SELECT i.name AS name FROM pragma_index_info(p.name) AS i ORDER BY i.seqno))
            FROM sqlite_schema AS s JOIN pragma_index_list(s.name) AS p
            LEFT JOIN sqlite_schema AS x ON x.type = 'index' AND x.name = p.name
            WHERE \(isTable) ORDER BY s.name, p.name
            """)
    }
}
