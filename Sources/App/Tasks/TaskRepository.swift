// The SQL of `tasks`, in both dialects; nobody else has any. Stateless: every call is told which executor to use, the pool or a
// transaction.

import Reactor

/// Reads and writes tasks.
enum TaskRepository {
    /// Whose tasks a statement may touch.
    enum Scope: Sendable, Hashable {
        case owner(Int64)
        /// An administrator's.
        case everybody
    }

    /// A page of a list.
    struct Page: Sendable {
        let tasks: [TaskItem]
        /// Of the whole list; nil where the page does not tell: a search's, or one behind the end.
        let total: Int?
        /// Many tasks, and no counters: they were counted one by one.
        var wantsCounters = false
    }

    // MARK: Reading

    /// Newest first.
    static func list(
        ownedBy owner: Int64, _ filter: TaskFilter, _ page: PageRequest, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Page {
        let statement = TaskListStatement(owner: owner, filter)
        let list = statement.list(page)
        let rows = try await executor.execute(list.statement, list.bindings)
        var tasks: [TaskItem] = []
        tasks.reserveCapacity(rows.count)
        for row in rows { tasks.append(try item(row)) }
        if statement.tellsTotal, let row = rows.first {
            let total = Int(clamping: try row.int(TaskListStatement.totalColumn))
            let hasCounters = try row.bool(TaskListStatement.hasCountersColumn)
            return Page(tasks: tasks, total: total, wantsCounters: !hasCounters && total > TaskCountRepository.maxCounted)
        }
        // Where the first page has room left, it is the whole list.
        let isWhole = page.cursor == nil && page.skip == 0 && tasks.count < page.limit
        return Page(tasks: tasks, total: isWhole ? tasks.count : nil)
    }

    /// How many tasks a list has. Of a search, a look at each of the owner's tasks.
    static func count(
        ownedBy owner: Int64, _ filter: TaskFilter, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Int {
        let count = TaskListStatement(owner: owner, filter).count
        return Int(clamping: try await executor.execute(count.statement, count.bindings).first?.int(0) ?? 0)
    }

    static func find(_ id: Int64, _ scope: Scope, in executor: any SQLExecutor) async throws(DatabaseError) -> TaskItem? {
        try await first(executor.execute(findTask, [.int(id), scope.binding]))
    }

    /// Counts, in one statement.
    /// - Returns: `wantsCounters` as a page has it.
    static func statistics(
        ofOwner owner: Int64, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> (statistics: TaskStatistics, wantsCounters: Bool) {
        var statistics = TaskStatistics()
        var hasCounters = true
        for row in try await executor.execute(sumTasks, [.int(owner), .timestamp(now)]) {
            let count = Int(clamping: try row.int(2))
            statistics.total += count
            statistics.overdue = Int(clamping: try row.int(3))
            hasCounters = try row.bool(4)
            if let status = TaskStatus(rawValue: try row.asciiString(0)) { statistics.byStatus[status, default: 0] += count }
            if let priority = TaskPriority(rawValue: try row.asciiString(1)) { statistics.byPriority[priority, default: 0] += count }
        }
        return (statistics, !hasCounters && statistics.total > TaskCountRepository.maxCounted)
    }

    // MARK: Writing

    static func insert(
        _ new: CreateTaskRequest, owner: Int64, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> TaskItem {
        let rows = try await executor.execute(
            insertTask,
            [
                .text(new.title), .optional(new.description), .text(new.priority.rawValue), .text(new.status.rawValue),
                .optional(new.dueDate), .int(owner), .timestamp(now),
            ])
        guard let task = try first(rows) else { throw .decoding("INSERT INTO tasks returned no row") }
        return task
    }

    /// - Returns: the task as it is now; nil where there is none in `scope`.
    static func update(
        _ id: Int64, _ scope: Scope, _ changes: UpdateTaskRequest, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> TaskItem? {
        try await first(
            executor.execute(
                updateTask,
                [
                    .int(id), scope.binding, .optional(changes.title),
                    .bool(!changes.description.isAbsent), .optional(changes.description.applied(to: nil)),
                    .optional(changes.priority?.rawValue), .optional(changes.status?.rawValue),
                    .bool(!changes.dueDate.isAbsent), .optional(changes.dueDate.applied(to: nil)),
                    .timestamp(now),
                ]))
    }

    /// - Returns: whose task it was; nil where there is none in `scope`.
    static func delete(_ id: Int64, _ scope: Scope, in executor: any SQLExecutor) async throws(DatabaseError) -> Int64? {
        try await executor.execute(deleteTask, [.int(id), scope.binding]).first?.int(0)
    }

    // MARK: Rows

    private static func first(_ rows: SQLRows) throws(DatabaseError) -> TaskItem? {
        guard let row = rows.first else { return nil }
        return try item(row)
    }

    /// Reads ``columns``.
    private static func item(_ row: SQLRow) throws(DatabaseError) -> TaskItem {
        let priority = try row.asciiString(3)
        let status = try row.asciiString(4)
        guard let priority = TaskPriority(rawValue: priority), let status = TaskStatus(rawValue: status) else {
            throw .decoding("no task has priority \(priority) and status \(status)")
        }
        return TaskItem(
            id: try row.int(0), title: try row.text(1), description: try row.optionalText(2), priority: priority,
            status: status, dueDate: try row.optionalTimestamp(5), ownerID: try row.int(6), createdAt: try row.timestamp(7),
            updatedAt: try row.timestamp(8))
    }
}

extension TaskRepository.Scope {
    /// NULL is everybody, in ``TaskRepository``'s statements.
    fileprivate var binding: SQLValue {
        switch self {
        case .owner(let id): .int(id)
        case .everybody: .null
        }
    }
}

// MARK: - Statements

extension TaskRepository {
    static let columns = "id, title, description, priority, status, due_date, owner_id, created_at, updated_at"

    // The casts tell PostgreSQL a parameter's type where its use alone does not.
    private static let inScope = "(CAST($2 AS bigint) IS NULL OR owner_id = CAST($2 AS bigint))"

    static let findTask = SQLStatement.read("SELECT \(columns) FROM tasks WHERE id = $1 AND \(inScope)")

    static let insertTask = SQLStatement.write(
        """
        INSERT INTO tasks (title, description, priority, status, due_date, owner_id, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING \(columns)
        """)

    // SQLite's times are text, so the cast there would make a number of one.
    static let updateTask = SQLStatement.write(
        postgres: updateText(dueDate: "CAST($9 AS timestamptz)"), sqlite: updateText(dueDate: "$9"))

    private static func updateText(dueDate: String) -> String {
        """
        UPDATE tasks SET
            title = COALESCE(CAST($3 AS text), title),
            description = CASE WHEN CAST($4 AS boolean) THEN CAST($5 AS text) ELSE description END,
            priority = COALESCE(CAST($6 AS text), priority),
            status = COALESCE(CAST($7 AS text), status),
            due_date = CASE WHEN CAST($8 AS boolean) THEN \(dueDate) ELSE due_date END,
            updated_at = $10
        WHERE id = $1 AND \(inScope) RETURNING \(columns)
        """
    }

    static let deleteTask = SQLStatement.write("DELETE FROM tasks WHERE id = $1 AND \(inScope) RETURNING owner_id")

    /// The counters, or for an owner without any what the index tells. What is overdue is always counted, on an index of what has a date
    /// and is not done: it changes by itself.
    static let sumTasks = SQLStatement.read(
        """
        SELECT c.status, c.priority, c.tasks, o.overdue, c.is_kept
        FROM (SELECT count(*) AS overdue FROM tasks
            WHERE owner_id = $1 AND due_date IS NOT NULL AND due_date < $2 AND status IN ('pending', 'in_progress')) AS o,
            (SELECT status, priority, tasks, TRUE AS is_kept FROM task_counts WHERE owner_id = $1
            UNION ALL SELECT status, priority, count(*), FALSE FROM tasks
            WHERE owner_id = $1 AND NOT EXISTS (SELECT 1 FROM task_counts WHERE owner_id = $1) GROUP BY status, priority) AS c
        """)
}
