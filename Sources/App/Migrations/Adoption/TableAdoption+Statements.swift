// The statements that adopt one table. SQL text only; pure.

import Reactor

extension TableAdoption {
    var name: String { SQLText.identifier(target.name) }
    private var aside: String { SQLText.identifier(asideName) }

    // MARK: Moving aside

    /// The table gives its name free, and the names of what belongs to it.
    var movingAside: [String] {
        switch dialect {
        case .postgres:
            let table = "CAST(\(SQLText.literal(name)) AS regclass)"
            return [
                """
                DO $$
                DECLARE part record;
                BEGIN
                    FOR part IN
                        SELECT c.oid, c.relname, c.relkind FROM pg_class c
                        WHERE c.relkind IN ('i', 'S') AND (
                            EXISTS (SELECT FROM pg_index i WHERE i.indexrelid = c.oid AND i.indrelid = \(table))
                            OR EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.refobjid = \(table)
                                AND d.classid = CAST('pg_class' AS regclass) AND d.deptype IN ('a', 'i')))
                    LOOP
                        EXECUTE format('ALTER %s %s RENAME TO adopted_%s',
                            CASE part.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'INDEX' END, CAST(part.oid AS regclass), part.oid);
                    END LOOP;
                END
                $$;
                """,
                "ALTER TABLE \(name) RENAME TO \(aside);",
            ]
        case .sqlite:
            // The old way of renaming leaves the references of other tables alone: they will find our table by its name.
            return source.indexes.filter { !$0.definition.isEmpty }.map { "DROP INDEX \(SQLText.identifier($0.name));" } + [
                "PRAGMA legacy_alter_table = ON;", "ALTER TABLE \(name) RENAME TO \(aside);", "PRAGMA legacy_alter_table = OFF;",
            ]
        }
    }

    // MARK: Copying back

    /// Columns that this program makes no use of and that nothing was made of: they stay, with their values.
    var keptColumns: [ColumnSchema] {
        let used = Set(columns.flatMap(\.sources))
        return source.columns.filter { !used.contains($0.name) && target[column: $0.name] == nil }
    }

    var filling: [String] {
        let checks = parts.columnChecks
        var statements = keptColumns.map { addition($0, checks: checks[$0.name] ?? []) }
        let values = columns.map { filled($0) } + keptColumns.map { SQLText.identifier($0.name) }
        let names = columns.map { SQLText.identifier($0.name) } + keptColumns.map { SQLText.identifier($0.name) }
        statements.append(
            "INSERT INTO \(name) (\(names.joined(separator: ", ")))\nSELECT \(values.joined(separator: ",\n    "))\nFROM \(aside);")
        statements.append(countingOn)
        return statements
    }

    /// Our INSERTs do not name it: it must not demand a value.
    private func addition(_ column: ColumnSchema, checks: [String]) -> String {
        let head = "ALTER TABLE \(name) ADD COLUMN \(SQLText.identifier(column.name))"
        let value = column.defaultValue.map { " DEFAULT \($0.sql(dialect))" }
        guard dialect == .sqlite else {
            return "\(head) \(column.liveType)\(value.map { "\($0)\(column.isNullable ? "" : " NOT NULL")" } ?? "");"
        }
        // Only constants may be added in SQLite; ANY takes whatever the column holds.
        let isConstant =
            switch column.defaultValue {
            case .text, .bool, .int: true
            default: false
            }
        let reference = source.foreignKeys.first { $0.columns == [column.name] }.map { key in
            " REFERENCES \(SQLText.identifier(key.table)) (\(SQLText.identifier(key.referencedColumns[0]))) ON DELETE \(key.onDelete.rawValue)"
        }
        let conditions = checks.map { " \($0)" }.joined()
        return "\(head) ANY\(isConstant ? value ?? "" : "")\(reference ?? "")\(conditions);"
    }

    /// A value where ours must have one and the old row has none.
    private func filled(_ column: AdoptionColumn) -> String {
        guard let declared = target[column: column.name], !declared.isNullable, let value = declared.defaultValue else {
            return column.expression
        }
        // A row that was never changed was last changed when it was made.
        let created = column.name == "updated_at" ? columns.first { $0.name == "created_at" }.map { "\($0.expression), " } : nil
        return "COALESCE(\(column.expression), \(created ?? "")\(value.sql(dialect)))"
    }

    /// Numbers that were given out once are not given out again.
    private var countingOn: String {
        guard dialect == .postgres else {
            let sequence = "SELECT seq FROM sqlite_sequence WHERE name = \(SQLText.literal(asideName))"
            return "UPDATE sqlite_sequence SET seq = max(seq, COALESCE((\(sequence)), 0)) WHERE name = \(SQLText.literal(target.name));"
        }
        let (table, old) = (SQLText.literal(name), SQLText.literal(aside))
        return """
            SELECT setval(CAST(pg_get_serial_sequence(\(table), 'id') AS regclass), GREATEST(last, 1), last > 0) FROM (
                SELECT GREATEST(COALESCE((SELECT max(id) FROM \(name)), 0),
                    COALESCE(pg_sequence_last_value(CAST(pg_get_serial_sequence(\(old), 'id') AS regclass)), 0)) AS last) AS numbers;
            """
    }
}
