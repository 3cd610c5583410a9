// Reading a table page by page, in the order of its primary key: no more than a page is in memory. SQL and rows; on the executor's
// loop.

import Reactor

/// One table on its way into an archive.
struct TableExport: Sendable {
    /// Rows of one query.
    static let pageRows = 250

    let table: ArchiveManifest.Table
    private let key: [String]
    private let dialect: SQLDialect

    /// - Parameters:
    ///   - live: the table as the database has it; columns that it lacks (a migration is pending) are left out.
    init(_ declared: TableSchema, live: TableSchema, sequence: Int64?, _ dialect: SQLDialect) {
        let columns = declared.columns.filter { live[column: $0.name] != nil }
        table = ArchiveManifest.Table(
            name: declared.name, columns: columns.map { ArchiveManifest.Column(name: $0.name, type: ArchiveType($0.type)) },
            sequence: sequence)
        key = declared.primaryKey
        self.dialect = dialect
    }

    /// Calls `body` with each row as a line of JSON.
    /// - Returns: how many there were.
    func forEachRow(_ executor: any SQLExecutor, _ body: ([UInt8]) async throws -> Void) async throws -> Int {
        var count = 0
        var last: [SQLValue] = []
        while true {
            let rows = try await executor.execute(statement(after: !last.isEmpty), last)
            for row in rows {
                var json = JSONWriter()
                json.beginArray()
                for (index, column) in table.columns.enumerated() {
                    json.separate()
                    try column.type.write(row, index, dialect, to: &json)
                }
                json.endArray()
                try await body(json.bytes + [UInt8(ascii: "\n")])
            }
            count += rows.count
            guard rows.count == TableExport.pageRows, let end = rows.last else { return count }
            last = try key.map { name in
                guard let index = table.columns.firstIndex(where: { $0.name == name }) else { return .null }
                return try end.value(index)
            }
        }
    }

    private func statement(after isContinued: Bool) -> SQLStatement {
        let columns = table.columns.map { SQLText.identifier($0.name) }.joined(separator: ", ")
        let keys = key.map(SQLText.identifier).joined(separator: ", ")
        let places = (1...max(1, key.count)).map { "$\($0)" }.joined(separator: ", ")
        let condition = isContinued ? " WHERE (\(keys)) > (\(places))" : ""
        return .read(
            "SELECT \(columns) FROM \(SQLText.identifier(table.name))\(condition) ORDER BY \(keys) LIMIT \(TableExport.pageRows)")
    }

    /// The last number that a table's sequence gave out; nil where it never gave one.
    static func sequence(of table: TableSchema, _ executor: any SQLExecutor) async throws -> Int64? {
        guard table.columns.contains(where: { $0.isCounted }) else { return nil }
        let name = SQLText.literal(SQLText.identifier(table.name))
        switch executor.dialect {
        case .postgres:
            return try await executor.execute(
                .read("SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(\(name), 'id') AS regclass))"), []
            ).first?.optionalInt(0)
        case .sqlite:
            return try await executor.execute(.read("SELECT seq FROM sqlite_sequence WHERE name = $1"), [.text(table.name)]).first?
                .optionalInt(0)
        }
    }
}
