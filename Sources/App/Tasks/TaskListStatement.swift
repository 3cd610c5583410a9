// The statement of a filtered list. There are sixteen shapes of it; each is prepared once a connection. Pure.

import Reactor

/// Builds the list and the count for one owner and filter.
struct TaskListStatement {
    /// Behind the columns of a task stands the total.
    static let totalColumn = 9

    typealias Bound = (statement: SQLStatement, bindings: [SQLValue])

    /// In the form `owner_id = $1 AND ...`
    private var conditions = "owner_id = $1"
    private var bindings: [SQLValue]

    init(owner: Int64, _ filter: TaskFilter) {
        bindings = [.int(owner)]
        if let priority = filter.priority { add("priority = \(bind(.text(priority.rawValue)))") }
        if let status = filter.status { add("status = \(bind(.text(status.rawValue)))") }
        if let search = filter.search {
            let pattern = bind(.text(LikePattern.containing(search)))
            add("(\(LikePattern.condition("title", pattern)) OR \(LikePattern.condition("description", pattern)))")
        }
    }

    /// How many rows the list has.
    var count: Bound {
        (.read("SELECT count(*) FROM tasks WHERE \(conditions)"), bindings)
    }

    /// The rows of a page, each with the total.
    func list(_ page: PageRequest) -> Bound {
        var own = self
        // The total is the whole list's: the cursor's condition is not in it. Evaluated once, on an index of the owner.
        let total = "(SELECT count(*) FROM tasks WHERE \(conditions))"
        if let cursor = page.cursor { own.add("id < \(own.bind(.int(cursor.id)))") }
        let limit = own.bind(.int(Int64(page.limit)))
        var text = "SELECT \(TaskRepository.columns), \(total) FROM tasks WHERE \(own.conditions) ORDER BY id DESC LIMIT \(limit)"
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
