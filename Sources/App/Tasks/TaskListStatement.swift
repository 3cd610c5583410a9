// The statement of a filtered list. There are sixteen shapes of it; each is prepared once a connection. Pure.
//
// Every shape but a search walks down an index that holds its filter and its order, and stops at the limit. Its total is a sum of a few
// counters, or for an owner without any a count on an index, of a thousand entries at the most. What a search matches is counted by a
// statement of its own, for whoever has no count of it yet.

import Reactor

/// Builds the list and the count for one owner and filter.
struct TaskListStatement {
    /// Behind the columns of a task stands the total, and behind that whether the owner has counters.
    static let totalColumn = 9
    static let hasCountersColumn = 10

    typealias Bound = (statement: SQLStatement, bindings: [SQLValue])

    /// In the form `owner_id = $1 AND ...`; the search is beside them, which each dialect has in its own words.
    private var conditions = "owner_id = $1"
    /// The placeholder of the pattern that is looked for.
    private var pattern: String?
    private var bindings: [SQLValue]
    /// Whether the rows of a page bring the total along.
    let tellsTotal: Bool

    init(owner: Int64, _ filter: TaskFilter) {
        bindings = [.int(owner)]
        tellsTotal = filter.search == nil
        if let priority = filter.priority { add("priority = \(bind(.text(priority.rawValue)))") }
        if let status = filter.status { add("status = \(bind(.text(status.rawValue)))") }
        if let search = filter.search {
            pattern = bind(.text(LikePattern.containing(search)))
        }
    }

    /// How many rows the list has.
    var count: Bound {
        (statement(countText), bindings)
    }

    private func countText(_ dialect: SQLDialect) -> String {
        let counted = "SELECT count(*) FROM tasks WHERE \(whereText(dialect))"
        // The counters have the filters' columns too. NULL where there is none: then the second one is looked at.
        return tellsTotal
            ? "SELECT COALESCE((SELECT CAST(sum(tasks) AS bigint) FROM task_counts WHERE \(conditions)), (\(counted)))" : counted
    }

    /// The rows of a page, each with the total; a search's without.
    func list(_ page: PageRequest) -> Bound {
        var own = self
        // The total is the whole list's: the cursor's condition is not in it. Evaluated once.
        let total = tellsTotal ? ", (\(countText(.postgres))), EXISTS (SELECT 1 FROM task_counts WHERE owner_id = $1)" : ""
        if let cursor = page.cursor { own.add("id < \(own.bind(.int(cursor.id)))") }
        let limit = own.bind(.int(Int64(page.limit)))
        let offset = page.cursor == nil && page.skip > 0 ? " OFFSET \(own.bind(.int(Int64(page.skip))))" : ""
        let narrowed = own
        return (
            statement { dialect in
                "SELECT \(TaskRepository.columns)\(total) FROM tasks WHERE \(narrowed.whereText(dialect)) ORDER BY id DESC LIMIT \(limit)\(offset)"
            }, own.bindings
        )
    }

    /// Without a search both dialects have one text.
    private func statement(_ text: (SQLDialect) -> String) -> SQLStatement {
        pattern == nil ? .read(text(.postgres)) : .read(postgres: text(.postgres), sqlite: text(.sqlite))
    }

    private func whereText(_ dialect: SQLDialect) -> String {
        guard let pattern else { return conditions }
        let columns = ["title", "description"].map { LikePattern.condition($0, pattern, dialect) }
        return "\(conditions) AND (\(columns.joined(separator: " OR ")))"
    }

    private mutating func add(_ condition: String) {
        conditions += " AND \(condition)"
    }

    private mutating func bind(_ value: SQLValue) -> String {
        bindings.append(value)
        return "$\(bindings.count)"
    }
}
