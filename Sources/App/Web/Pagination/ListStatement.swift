// The statements of a filtered list: a page of it, newest first, and its count. Each combination of filters is a text of its own,
// prepared once a connection. Pure but for ``run(_:in:_:)``, which is stateless.

import Reactor

/// Builds and runs the list of a table with an `id`.
struct ListStatement {
    typealias Bound = (statement: SQLStatement, bindings: [SQLValue])

    private let columns: String
    private let table: String
    private var conditions: [String] = []
    private var bindings: [SQLValue] = []

    /// - Parameter columns: separated by commas.
    init(_ columns: String, from table: String) {
        self.columns = columns
        self.table = table
    }

    /// Narrows the list.
    /// - Parameter condition: of the placeholder that stands for `value`.
    mutating func add(_ value: SQLValue, _ condition: (_ placeholder: String) -> String) {
        conditions.append(condition(bind(value)))
    }

    /// How many rows the list has.
    var count: Bound {
        (.read("SELECT count(*) FROM \(table)\(clause)"), bindings)
    }

    /// The rows of a page, newest first; in front of the columns stands the total.
    func list(_ page: PageRequest) -> Bound {
        var own = self
        // The total is the whole list's: the cursor's condition is not in it. Evaluated once.
        let total = "(SELECT count(*) FROM \(table)\(clause))"
        if let cursor = page.cursor { own.add(.int(cursor.id)) { "id < \($0)" } }
        let limit = own.bind(.int(Int64(page.limit)))
        var text = "SELECT \(total), \(columns) FROM \(table)\(own.clause) ORDER BY id DESC LIMIT \(limit)"
        if page.cursor == nil, page.skip > 0 { text += " OFFSET \(own.bind(.int(Int64(page.skip))))" }
        return (.read(text), own.bindings)
    }

    /// Reads a page.
    /// - Parameter element: makes one of a row, whose columns begin at 1.
    func run<Element>(
        _ page: PageRequest, in executor: any SQLExecutor, _ element: (SQLRow) throws(DatabaseError) -> Element
    ) async throws(DatabaseError) -> ListPage<Element> {
        let list = list(page)
        return try await ListPage.of(
            executor.execute(list.statement, list.bindings), page, count: count, in: executor, element)
    }

    private var clause: String {
        conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))"
    }

    private mutating func bind(_ value: SQLValue) -> String {
        bindings.append(value)
        return "$\(bindings.count)"
    }
}

/// A page of a list, and how many elements the list has.
struct ListPage<Element: Sendable>: Sendable {
    let elements: [Element]
    let total: Int

    /// The elements of rows that begin with the total.
    /// - Parameter count: the total, for a page behind the end: it carries no row to tell it.
    static func of(
        _ rows: SQLRows, _ page: PageRequest, count: ListStatement.Bound, in executor: any SQLExecutor,
        _ element: (SQLRow) throws(DatabaseError) -> Element
    ) async throws(DatabaseError) -> ListPage {
        var elements: [Element] = []
        elements.reserveCapacity(rows.count)
        for row in rows { elements.append(try element(row)) }
        if let row = rows.first { return ListPage(elements: elements, total: Int(clamping: try row.int(0))) }
        guard page.skip > 0 || page.cursor != nil else { return ListPage(elements: [], total: 0) }
        let total = try await executor.execute(count.statement, count.bindings).first?.int(0) ?? 0
        return ListPage(elements: [], total: Int(clamping: total))
    }
}
