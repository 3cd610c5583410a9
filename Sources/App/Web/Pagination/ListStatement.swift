// The statements of a filtered list: a page of it, newest first, and its count. Each combination of filters is a text of its own,
// prepared once a connection. Two statements, because a page costs the same in a table of any size, and a count does not. Pure but for
// what runs them, which is stateless.

import Reactor

/// Builds and runs the list of a table with an `id`.
struct ListStatement {
    typealias Bound = (statement: SQLStatement, bindings: [SQLValue])

    private let columns: String
    private let table: String
    private var conditions: [Condition] = []
    private var bindings: [SQLValue] = []

    private enum Condition: Sendable {
        case plain(String)
        /// One of the columns contains what the placeholder's pattern looks for.
        case search([String], placeholder: String)

        func text(_ dialect: SQLDialect) -> String {
            switch self {
            case .plain(let text): text
            case .search(let columns, let placeholder):
                "(\(columns.map { LikePattern.condition($0, placeholder, dialect) }.joined(separator: " OR ")))"
            }
        }
    }

    /// - Parameter columns: separated by commas.
    init(_ columns: String, from table: String) {
        self.columns = columns
        self.table = table
    }

    /// Narrows the list.
    /// - Parameter condition: of the placeholder that stands for `value`.
    mutating func add(_ value: SQLValue, _ condition: (_ placeholder: String) -> String) {
        conditions.append(.plain(condition(bind(value))))
    }

    /// Narrows the list to rows in which one of the columns contains `text`, in any case.
    mutating func addSearch(for text: Text, in columns: [String]) {
        conditions.append(.search(columns, placeholder: bind(.text(LikePattern.containing(text)))))
    }

    /// How many rows the list has.
    var count: Bound {
        (statement { "SELECT count(*) FROM \(table)\(clause($0))" }, bindings)
    }

    /// The rows of a page, newest first.
    func list(_ page: PageRequest) -> Bound {
        var own = self
        if let cursor = page.cursor { own.add(.int(cursor.id)) { "id < \($0)" } }
        let limit = own.bind(.int(Int64(page.limit)))
        let offset = page.cursor == nil && page.skip > 0 ? " OFFSET \(own.bind(.int(Int64(page.skip))))" : ""
        let narrowed = own
        return (
            statement { "SELECT \(columns) FROM \(table)\(narrowed.clause($0)) ORDER BY id DESC LIMIT \(limit)\(offset)" }, own.bindings
        )
    }

    /// Reads a page.
    /// - Parameter element: makes one of a row.
    func run<Element>(
        _ page: PageRequest, in executor: any SQLExecutor, _ element: (SQLRow) throws(DatabaseError) -> Element
    ) async throws(DatabaseError) -> ListSlice<Element> {
        let list = list(page)
        return try await ListSlice(executor.execute(list.statement, list.bindings), page, element)
    }

    func runCount(in executor: any SQLExecutor) async throws(DatabaseError) -> Int {
        Int(clamping: try await executor.execute(count.statement, count.bindings).first?.int(0) ?? 0)
    }

    private func statement(_ text: (SQLDialect) -> String) -> SQLStatement {
        .read(postgres: text(.postgres), sqlite: text(.sqlite))
    }

    private func clause(_ dialect: SQLDialect) -> String {
        conditions.isEmpty ? "" : " WHERE \(conditions.map { $0.text(dialect) }.joined(separator: " AND "))"
    }

    private mutating func bind(_ value: SQLValue) -> String {
        bindings.append(value)
        return "$\(bindings.count)"
    }
}

/// A page of a list before anybody has counted the list.
struct ListSlice<Element: Sendable>: Sendable {
    let elements: [Element]
    /// Of the whole list, where the page itself tells: it is the last one, and not empty or the first.
    let total: Int?

    init(
        _ rows: SQLRows, _ page: PageRequest, _ element: (SQLRow) throws(DatabaseError) -> Element
    ) throws(DatabaseError) {
        var elements: [Element] = []
        elements.reserveCapacity(rows.count)
        for row in rows { elements.append(try element(row)) }
        let isEnd = page.cursor == nil && elements.count < page.limit && (page.skip == 0 || !elements.isEmpty)
        self.elements = elements
        total = isEnd ? page.skip + elements.count : nil
    }

    /// The page with its total.
    /// - Parameter count: asked where the page does not tell.
    func counted(by count: () async throws -> Int) async throws -> ListPage<Element> {
        if let total { return ListPage(elements: elements, total: total) }
        return ListPage(elements: elements, total: try await count())
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
