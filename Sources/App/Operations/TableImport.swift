// Putting an archive's rows into a table. SQL and rows; on the executor's loop.

import Reactor

/// One table on its way out of an archive.
struct TableImport: Sendable {
    /// Values of one INSERT; a statement of SQLite's takes 999.
    private static let batchValues = 990

    private let table: ArchiveManifest.Table
    private let dialect: SQLDialect
    /// Rows of one INSERT.
    private let batchRows: Int

    init(_ table: ArchiveManifest.Table, _ dialect: SQLDialect) {
        self.table = table
        self.dialect = dialect
        batchRows = max(1, TableImport.batchValues / max(1, table.columns.count))
    }

    private var name: String { SQLText.identifier(table.name) }

    var clearing: SQLStatement { .write("DELETE FROM \(name)") }

    /// - Parameter lines: rows, a line of JSON each.
    /// - Returns: how many there were.
    /// - Throws: ``ArchiveError/damaged(_:)``, ``DatabaseError``.
    func insert(_ lines: [UInt8], _ executor: any SQLExecutor) async throws -> Int {
        var batch: [SQLValue] = []
        var (count, batched) = (0, 0)
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            batch += try values(Array(line))
            batched += 1
            count += 1
            if batched == batchRows {
                _ = try await executor.execute(statement(rows: batched), batch)
                batch.removeAll(keepingCapacity: true)
                batched = 0
            }
        }
        if batched > 0 { _ = try await executor.execute(statement(rows: batched), batch) }
        return count
    }

    private func values(_ line: [UInt8]) throws(ArchiveError) -> [SQLValue] {
        guard let row = (try? JSONParser.parse(line))?.array, row.count == table.columns.count else {
            throw .damaged("a row of \(table.name) is not what its columns are")
        }
        var values: [SQLValue] = []
        for (value, column) in zip(row, table.columns) {
            guard let binding = column.type.binding(value, dialect) else {
                throw .damaged("\(table.name).\(column.name) holds a value of another type")
            }
            values.append(binding)
        }
        return values
    }

    private func statement(rows: Int) -> SQLStatement {
        let columns = table.columns.map { SQLText.identifier($0.name) }.joined(separator: ", ")
        var place = 0
        let tuples = (0..<rows).map { _ in
            let places = table.columns.map { _ in
                place += 1
                return "$\(place)"
            }
            return "(\(places.joined(separator: ", ")))"
        }
        return .write("INSERT INTO \(name) (\(columns)) VALUES \(tuples.joined(separator: ", "))")
    }

    /// Numbers that were given out once are not given out again. Nil where the table has none.
    var countingOn: String? {
        guard let last = table.sequence else { return nil }
        switch dialect {
        case .postgres:
            return """
                SELECT setval(CAST(pg_get_serial_sequence(\(SQLText.literal(name)), 'id') AS regclass),
                    GREATEST(\(last), (SELECT COALESCE(max(id), 0) FROM \(name)), 1))
                """
        case .sqlite:
            let table = SQLText.literal(table.name)
            return """
                INSERT INTO sqlite_sequence (name, seq) SELECT \(table), 0
                    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = \(table));
                UPDATE sqlite_sequence SET seq = max(seq, \(last)) WHERE name = \(table);
                """
        }
    }
}
