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

    /// In the form `owner_id = $1 AND ...`
    private var conditions = "owner_id = $1"
    private var bindings: [SQLValue]
    /// Whether the rows of a page bring the total along.
    let tellsTotal: Bool

    init(owner: Int64, _ filter: TaskFilter) {
        bindings = [.int(owner)]
        tellsTotal = filter.search == nil
        if let priority = filter.priority { add("priority = \(bind(.text(priority.rawValue)))") }
        if let status = filter.status { add("status = \(bind(.text(status.rawValue)))") }
        if let search = filter.search {
            let pattern = bind(.text(LikePattern.containing(search)))
            add("(\(LikePattern.condition("title", pattern)) OR \(LikePattern.condition("description", pattern)))")
        }
    }

    /// How many rows the list has.
    var count: Bound {
        (.read(countText), bindings)
    }

    private var countText: String {
        let counted = "SELECT count(*) FROM tasks WHERE \(conditions)"
        // The counters have the filters' columns too. NULL where there is none: then the second one is looked at.
        return tellsTotal
            ? "SELECT COALESCE((SELECT CAST(sum(tasks) AS bigint) FROM task_counts WHERE \(conditions)), (\(counted)))" : counted
    }

    /// The rows of a page, each with the total; a search's without.
    func list(_ page: PageRequest) -> Bound {
        var own = self
        // The total is the whole list's: the cursor's condition is not in it. Evaluated once.
        let total = tellsTotal ? ", (\(countText)), EXISTS (SELECT 1 FROM task_counts WHERE owner_id = $1)" : ""
        if let cursor = page.cursor { own.add("id < \(own.bind(.int(cursor.id)))") }
        let limit = own.bind(.int(Int64(page.limit)))
        var text = "SELECT \(TaskRepository.columns)\(total) FROM tasks WHERE \(own.conditions) ORDER BY id DESC LIMIT \(limit)"
        if page.cursor == nil, page.skip > 0 { text += " OFFSET \(own.bind(.int(Int64(page.skip))))" }
        return (.read(text), own.bindings)
    }

    private mutating func add(_ condition: String) {
        conditions += " AND \(condition)"
    }

    private mutating func bind(_ value: SQLValue) -> String {
        bindings.append(value)
        return "$\(bindings.count)"
    }
}
