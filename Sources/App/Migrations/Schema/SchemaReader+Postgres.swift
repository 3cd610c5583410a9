// Reading PostgreSQL's catalogue: the tables of the schema that unqualified names mean. On the executor's loop.

import Reactor

extension SchemaReader {
    static func postgresTables(_ executor: any SQLExecutor) async throws -> [TableSchema] {
        var tables: [String: TableSchema] = [:]
        for row in try await executor.execute(Statements.tables, []) {
            let name = try row.string(0)
            tables[name] = TableSchema(name, columns: [], primaryKey: [])
        }
        for row in try await executor.execute(Statements.columns, []) {
            tables[try row.string(0)]?.columns.append(try column(row))
        }
        for row in try await executor.execute(Statements.indexes, []) {
            let keys = try row.string(5).split(separator: "\u{1F}").map(String.init)
            if try row.bool(3) {
                // Never expressions: what is quoted is a name.
                tables[try row.string(0)]?.primaryKey = keys.compactMap { SQLText.tokens($0).first?.text }
            } else {
                tables[try row.string(0)]?.indexes.append(
                    IndexSchema(
                        name: try row.string(1), keys: keys, isUnique: try row.bool(2), predicate: try row.optionalString(6),
                        isConstraint: try row.bool(4), definition: try row.string(7)))
            }
        }
        for row in try await executor.execute(Statements.constraints, []) {
            let table = try row.string(0)
            if try row.string(2) == "c" {
                tables[table]?.checks.append(
                    CheckSchema(name: try row.string(1), expression: try row.string(4), definition: try row.string(3)))
            } else {
                tables[table]?.foreignKeys.append(
                    ForeignKeySchema(
                        name: try row.string(1), columns: names(try row.string(5)), table: try row.string(6),
                        referencedColumns: names(try row.string(7)), onDelete: action(try row.string(8)),
                        definition: try row.string(3)))
            }
        }
        return Array(tables.values)
    }

    private static func column(_ row: SQLRow) throws(DatabaseError) -> ColumnSchema {
        let liveType = try row.string(2)
        let defaultText = try row.optionalString(4)
        let isCounted = try row.bool(5) || defaultText.map { $0.hasPrefix("nextval(") } ?? false
        let type = ColumnType(live: liveType, .postgres)
        return ColumnSchema(
            name: try row.string(1), type: isCounted && type == .bigint ? .identity : type, isNullable: try !row.bool(3),
            defaultValue: isCounted ? nil : defaultText.map { ColumnDefault(live: $0) }, liveType: liveType,
            isEnumeration: try row.bool(6), isCounted: isCounted)
    }

    private static func names(_ text: String) -> [String] { text.split(separator: "\u{1F}").map(String.init) }

    private static func action(_ letter: String) -> ForeignKeySchema.Action {
        switch letter {
        case "c": .cascade
        case "n": .setNull
        case "d": .setDefault
        case "r": .restrict
        default: .none
        }
    }

    /// Lists come as one text: arrays are not among the types that are decoded. U+001F is in no sane name.
    private enum Statements {
        static let tables = SQLStatement.read(
            """
            SELECT CAST(c.relname AS text) FROM pg_class c
            WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND c.relkind IN ('r', 'p')
            """)

        static let columns = SQLStatement.read(
            """
            SELECT CAST(c.relname AS text), CAST(a.attname AS text), format_type(a.atttypid, a.atttypmod), a.attnotnull,
                pg_get_expr(d.adbin, d.adrelid), CAST(a.attidentity AS text) <> '', t.typtype = 'e'
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
            WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND c.relkind IN ('r', 'p')
            ORDER BY c.relname, a.attnum
            """)

        // Of other kinds are those that need an extension, and an operator's own: nobody declares them, and nobody misses them.
        static let indexes = SQLStatement.read(
            """
            SELECT CAST(c.relname AS text), CAST(x.relname AS text), i.indisunique, i.indisprimary,
                EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype = 'u'),
                (SELECT string_agg(
                    pg_get_indexdef(i.indexrelid, n, false) || CASE WHEN i.indoption[n - 1] & 1 = 1 THEN ' DESC' ELSE '' END,
                    chr(31) ORDER BY n) FROM generate_series(1, i.indnkeyatts) AS n),
                pg_get_expr(i.indpred, i.indrelid), pg_get_indexdef(i.indexrelid)
            FROM pg_index i
            JOIN pg_class c ON c.oid = i.indrelid
            JOIN pg_class x ON x.oid = i.indexrelid
            JOIN pg_am m ON m.oid = x.relam AND m.amname = 'btree'
            WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND c.relkind IN ('r', 'p')
            ORDER BY c.relname, x.relname
            """)

        static let constraints = SQLStatement.read(
            """
            SELECT CAST(c.relname AS text), CAST(k.conname AS text), CAST(k.contype AS text), pg_get_constraintdef(k.oid),
                pg_get_expr(k.conbin, k.conrelid),
                (SELECT string_agg(CAST(a.attname AS text), chr(31) ORDER BY n.place)
                    FROM unnest(k.conkey) WITH ORDINALITY AS n (number, place)
                    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.number),
                CAST(r.relname AS text),
                (SELECT string_agg(CAST(a.attname AS text), chr(31) ORDER BY n.place)
                    FROM unnest(k.confkey) WITH ORDINALITY AS n (number, place)
                    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = n.number),
                CAST(k.confdeltype AS text)
            FROM pg_constraint k
            JOIN pg_class c ON c.oid = k.conrelid
            LEFT JOIN pg_class r ON r.oid = k.confrelid
            WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND k.contype IN ('c', 'f')
            ORDER BY c.relname, k.conname
            """)
    }
}
