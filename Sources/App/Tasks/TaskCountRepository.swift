// The SQL of `task_counts`, in both dialects: counters of owners who have many tasks. Triggers keep them (see migration 9); here they
// begin. Stateless.

import Reactor

/// Begins to keep counts.
enum TaskCountRepository {
    /// What may be counted each time: more than this many tasks are worth counters.
    static let maxCounted = 1_000

    /// Gives an owner counters. Counts all of the owner's tasks, once; changes of them wait meanwhile.
    /// - Parameter transaction: of its own.
    static func begin(ofOwner owner: Int64, in transaction: any SQLExecutor) async throws(DatabaseError) {
        // Counted by a statement of its own: one that had begun before it held the lock would not see what it waited for.
        guard try await !transaction.execute(lockOwner, [.int(owner)]).isEmpty else { return }
        _ = try await transaction.execute(insertCounts, [.int(owner)])
    }

    // The one lock that a foreign key's check waits for. SQLite has one writer at a time anyway.
    private static let lockOwner = SQLStatement.write(
        postgres: "SELECT id FROM users WHERE id = $1 FOR UPDATE", sqlite: "SELECT id FROM users WHERE id = $1")

    private static let insertCounts: SQLStatement = {
        func values(_ names: [String]) -> String { names.map { "('\($0)')" }.joined(separator: ", ") }
        return .write(
            """
            WITH statuses (status) AS (VALUES \(values(TaskStatus.allCases.map(\.rawValue)))),
                priorities (priority) AS (VALUES \(values(TaskPriority.allCases.map(\.rawValue)))),
                counts AS (
                    SELECT status, priority, count(*) AS tasks FROM tasks WHERE owner_id = $1 GROUP BY status, priority)
            INSERT INTO task_counts (owner_id, status, priority, tasks)
            SELECT CAST($1 AS bigint), s.status, p.priority, COALESCE(c.tasks, 0)
            FROM statuses s CROSS JOIN priorities p
            LEFT JOIN counts c ON c.status = s.status AND c.priority = p.priority
            WHERE NOT EXISTS (SELECT 1 FROM task_counts WHERE owner_id = $1)
            """)
    }()
}
