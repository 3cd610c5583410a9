// What a statement gave back. A value that shares immutable storage: PostgreSQL's result stays in libpq's binary form and is
// decoded column by column when asked; SQLite's is copied out while its statement runs. Any thread.

/// The rows of one result, in the order in which the database sent them.
public struct SQLRows: Sendable, RandomAccessCollection {
    enum Storage: Sendable {
        case postgres(PostgresResult)
        case values(SQLValueTable)
    }

    private let storage: Storage
    public let startIndex = 0
    public let endIndex: Int

    init(_ result: PostgresResult) {
        storage = .postgres(result)
        endIndex = result.rowCount
    }

    /// A result whose values are all there.
    /// - Parameter rows: each as long as `columnNames`.
    public init(columnNames: [String], rows: [[SQLValue]], affectedRows: Int) {
        storage = .values(SQLValueTable(columnNames: columnNames, rows: rows, affectedRows: affectedRows))
        endIndex = rows.count
    }

    /// Rows changed; for a statement that only reads, rows returned.
    public var affectedRows: Int {
        switch storage {
        case .postgres(let result): result.affectedRows
        case .values(let table): table.affectedRows
        }
    }

    public var columnNames: [String] { storage.columnNames }

    /// What PostgreSQL says it did, such as "COMMIT"; empty for a materialised result.
    var commandTag: String {
        if case .postgres(let result) = storage { result.commandTag } else { "" }
    }

    public subscript(position: Int) -> SQLRow {
        precondition(position >= 0 && position < endIndex, "row \(position) of \(endIndex)")
        return SQLRow(storage: storage, position: position)
    }
}

/// Materialised rows.
final class SQLValueTable: Sendable {
    let columnNames: [String]
    let rows: [[SQLValue]]
    let affectedRows: Int

    init(columnNames: [String], rows: [[SQLValue]], affectedRows: Int) {
        self.columnNames = columnNames
        self.rows = rows
        self.affectedRows = affectedRows
    }
}

extension SQLRows.Storage {
    var columnNames: [String] {
        switch self {
        case .postgres(let result): result.columnNames
        case .values(let table): table.columnNames
        }
    }
}
