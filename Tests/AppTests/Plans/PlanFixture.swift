// Tables with enough rows for a planner to care, and what holds of every plan. Real databases.

import Actors
@testable import App
import Reactor
import TestSupport
import Testing

/// A migrated database with many rows.
enum PlanFixture {
    /// Tables that grow as long as the program is used.
    static let growing = [
        "users", "tasks", "products", "posts", "files", "jobs", "sessions", "refresh_tokens", "one_time_tokens", "idempotency_keys",
        "audit_log", "task_counts",
    ]

    /// An owner of many rows, and one of few.
    static let (busy, ordinary): (Int64, Int64) = (1, 77)
    static let now = Timestamp(seconds: 1_780_000_000)

    /// Runs `body` in a transaction of a database with `rows` in the tables that it names.
    static func run(
        on backend: TestDatabase, _ tables: [Rows], _ body: @escaping @Sendable (any SQLExecutor) async throws -> Void
    ) async throws {
        try await backend.withPool { pool in
            try await Migrator(pool: pool).up()
            let rows = tables.map { $0.insertion(pool.dialect) }.joined(separator: ";\n")
            try await pool.script("\(Rows.users.insertion(pool.dialect));\n\(rows)")
            // What PostgreSQL does by itself sooner or later; nothing does it for SQLite.
            if pool.dialect == .postgres { try await pool.script("ANALYZE") }
            try await pool.withTransaction(.write, body)
        }
    }

    /// Expects of every statement that `calls` executes that its plans read no growing table from one end to the other, and sort nothing.
    /// - Parameters:
    ///   - sorts: whether rows may be sorted, because there are few.
    ///   - walks: whether rows may be looked at by their ids, newest first, until there are enough: where every one of them will do.
    ///   - indexes: those that may be read from one end to the other: few rows are in them, or as many are read as are wanted.
    static func expectIndexes(
        in transaction: any SQLExecutor, sorts: Bool = false, walks: Bool = false, reading indexes: [String] = [],
        _ calls: (any SQLExecutor) async throws -> Void
    ) async throws {
        let recorder = RecordingExecutor(transaction)
        try await calls(recorder)
        #expect(!recorder.recorded.isEmpty)
        for (statement, bindings) in recorder.recorded {
            for plan in try await QueryPlan.all(of: statement, bindings, in: transaction) {
                let scans = (plan.scans(of: growing) + (walks ? [] : plan.walks(of: growing))).filter { line in
                    !indexes.contains { line.hasSuffix(" \($0)") }
                }
                #expect(scans.isEmpty, "\(statement.text(transaction.dialect))\n\(plan)")
                // How much `skip` skips no general plan knows; it may well sort what few owners have.
                let mayLeaveOut = plan.isGeneric && statement.text(transaction.dialect).contains("OFFSET")
                if !sorts, !mayLeaveOut { #expect(plan.sorts.isEmpty, "\(statement.text(transaction.dialect))\n\(plan)") }
            }
        }
    }
}

/// Rows for a table, as SQL.
enum Rows: Sendable {
    case users, tasks, products, posts, files, jobs, sessions, refreshTokens, oneTimeTokens, idempotencyKeys

    func insertion(_ dialect: SQLDialect) -> String {
        let count = self == .users ? 3_000 : 20_000
        return """
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < \(count))
            INSERT INTO \(Rows.text(self, dialect))
            """
    }

    private static func text(_ rows: Rows, _ dialect: SQLDialect) -> String {
        let isPostgres = dialect == .postgres
        /// One row of two hundred is the busy owner's: more of them, and a walk by the ids would soon find enough.
        let owner = "CASE WHEN n % 200 = 0 THEN 1 ELSE 2 + n % 2900 END"
        func time(_ minutes: String) -> String {
            isPostgres
                ? "timestamptz '2026-05-29 00:00:00+00' + (\(minutes)) * interval '1 minute'"
                : "strftime('%Y-%m-%d %H:%M:%f000', '2026-05-29', (\(minutes)) || ' minutes')"
        }
        func hash(_ number: String) -> String {
            isPostgres ? "sha256(CAST(CAST(\(number) AS text) AS bytea))" : "CAST(\(number) || 'hash' AS BLOB)"
        }
        func uuid(_ number: String) -> String {
            isPostgres
                ? "CAST(lpad(to_hex(\(number)), 8, '0') || '-0000-4000-8000-000000000000' AS uuid)"
                : "printf('%08x-0000-4000-8000-000000000000', \(number))"
        }
        switch rows {
        case .users:
            return """
                users (id, email, username, name, role, created_at)
                SELECT n, 'user' || n || '@example.com', 'user' || n, 'Name ' || n, CASE WHEN n < 4 THEN 'admin' ELSE 'user' END,
                    \(time("-n")) FROM numbers
                """
        case .tasks:
            // Counters of others: a table of few rows is read as a whole, whatever indexes it has.
            return """
                task_counts (owner_id, status, priority, tasks)
                SELECT 1000 + n % 1000, 'pending', 'low' || n, 1 FROM numbers;
                WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
                INSERT INTO tasks (title, description, priority, status, due_date, owner_id)
                SELECT 'Task ' || n, 'Description ' || n,
                    CASE n % 4 WHEN 0 THEN 'low' WHEN 1 THEN 'medium' WHEN 2 THEN 'high' ELSE 'urgent' END,
                    CASE n % 3 WHEN 0 THEN 'pending' WHEN 1 THEN 'in_progress' ELSE 'completed' END,
                    CASE WHEN n % 5 = 0 THEN \(time("n - 10000")) END, \(owner) FROM numbers
                """
        case .products:
            return "products (name, price, in_stock) SELECT 'Product ' || n, n, n % 2 = 0 FROM numbers"
        case .posts:
            return "posts (user_id, title, content) SELECT \(owner), 'Post ' || n, 'Content' FROM numbers"
        case .files:
            return """
                files (id, owner_id, filename, content_type, file_size, sha256, created_at)
                SELECT \(uuid("n * 100000")), \(owner), 'file' || n, 'text/plain', n, 'x', \(time("-n")) FROM numbers
                """
        case .jobs:
            return """
                jobs (id, kind, payload, owner_id, status, run_at, max_attempts, created_at, updated_at, finished_at)
                SELECT \(uuid("n")), 'mail', '{}', \(owner), CASE WHEN n % 100 = 0 THEN 'pending' ELSE 'succeeded' END, \(time("-n")), 5,
                    \(time("-n")), \(time("-n")), CASE WHEN n % 100 <> 0 THEN \(time("-n")) END FROM numbers
                """
        case .sessions:
            return """
                sessions (id, user_id, created_at, expires_at)
                SELECT \(uuid("n")), \(owner), \(time("-n")), \(time("20000 - n")) FROM numbers
                """
        case .refreshTokens:
            return """
                refresh_tokens (session_id, token_hash, expires_at)
                SELECT \(uuid("n")), \(hash("n")), \(time("20000 - n")) FROM numbers
                """
        case .oneTimeTokens:
            return """
                one_time_tokens (user_id, purpose, email, token_hash, expires_at)
                SELECT \(owner), 'password_reset', 'a@example.com', \(hash("n")), \(time("20000 - n")) FROM numbers
                """
        case .idempotencyKeys:
            return """
                idempotency_keys (key_hash, user_id, content_hash, claim_id, leased_until, expires_at)
                SELECT \(hash("n")), \(owner), \(hash("0")), \(uuid("n")), \(time("n")), \(time("20000 - n")) FROM numbers
                """
        }
    }
}
