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
        /// Of the whole list.
        let total: Int
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
        if let row = rows.first { return Page(tasks: tasks, total: Int(clamping: try row.int(TaskListStatement.totalColumn))) }
        // A page behind the end carries no row to tell the total.
        guard page.skip > 0 || page.cursor != nil else { return Page(tasks: [], total: 0) }
        let count = statement.count
        let total = try await executor.execute(count.statement, count.bindings).first?.int(0) ?? 0
        return Page(tasks: [], total: Int(clamping: total))
    }

    static func find(_ id: Int64, _ scope: Scope, in executor: any SQLExecutor) async throws(DatabaseError) -> TaskItem? {
        try await first(executor.execute(findTask, [.int(id), scope.binding]))
    }

    /// Counts, in one statement.
    static func statistics(
        ofOwner owner: Int64, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> TaskStatistics {
        guard let row = try await executor.execute(countTasks, [.int(owner), .timestamp(now)]).first else {
            throw .decoding("count(*) returned no row")
        }
        var column = 0
        func next() throws(DatabaseError) -> Int {
            defer { column += 1 }
            return Int(clamping: try row.int(column))
        }
        var statistics = TaskStatistics()
        statistics.total = try next()
        statistics.overdue = try next()
        for status in TaskStatus.allCases { statistics.byStatus[status] = try next() }
        for priority in TaskPriority.allCases { statistics.byPriority[priority] = try next() }
        return statistics
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
        let priority = try row.string(3)
        let status = try row.string(4)
        guard let priority = TaskPriority(rawValue: priority), let status = TaskStatus(rawValue: status) else {
            throw .decoding("no task has priority \(priority) and status \(status)")
        }
        return TaskItem(
            id: try row.int(0), title: try row.string(1), description: try row.optionalString(2), priority: priority,
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

    private static let findTask = SQLStatement.read("SELECT \(columns) FROM tasks WHERE id = $1 AND \(inScope)")

    private static let insertTask = SQLStatement.write(
        """
        INSERT INTO tasks (title, description, priority, status, due_date, owner_id, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING \(columns)
        """)

    // SQLite's times are text, so the cast there would make a number of one.
    private static let updateTask = SQLStatement.write(
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

    private static let deleteTask = SQLStatement.write("DELETE FROM tasks WHERE id = $1 AND \(inScope) RETURNING owner_id")

    /// In the order in which ``statistics(ofOwner:now:in:)`` reads.
    private static let countTasks: SQLStatement = {
        var counts = ["count(*)", "count(*) FILTER (WHERE due_date < $2 AND status NOT IN ('completed', 'cancelled'))"]
        counts += TaskStatus.allCases.map { "count(*) FILTER (WHERE status = '\($0.rawValue)')" }
        counts += TaskPriority.allCases.map { "count(*) FILTER (WHERE priority = '\($0.rawValue)')" }
        return .read("SELECT \(counts.joined(separator: ", ")) FROM tasks WHERE owner_id = $1")
    }()
}
