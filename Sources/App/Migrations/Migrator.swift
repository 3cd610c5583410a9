// Brings a database to the schema of this program. Owns nothing: it works through a pool, from any task on the pool's loop.
//
// Each migration is one transaction, and each looks at what is applied under a lock that all migrators of the database take
// first: of five processes that start at once one applies it, and the others find it applied. A process that is killed
// midway leaves nothing behind, because both databases roll schema changes back.

import Actors
import Reactor

/// Applies and takes back migrations.
///
/// A migration, and the wait for another process' migration, may take ``DatabaseConfiguration/scriptTimeout``.
struct Migrator {
    private let pool: DatabasePool
    private let known: [Migration]
    private let now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - known: the migrations of this program, oldest first.
    ///   - now: the clock that `applied_at` is taken from.
    init(
        pool: DatabasePool, known: [Migration] = Migration.all, now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.pool = pool
        self.known = known
        self.now = now
    }

    /// Applies what is pending.
    /// - Parameter progress: called behind each migration that was applied.
    /// - Returns: what this call applied; empty when there was nothing to do, or when others did it.
    /// - Throws: ``MigrationError``. What was applied before the failing one stays.
    @discardableResult
    func up(progress: (Migration) -> Void = { _ in }) async throws -> [Migration] {
        var done: [Migration] = []
        while let migration = try await step({ (plan) throws(MigrationError) in plan.nextUp }, isUp: true) {
            done.append(migration)
            progress(migration)
        }
        return done
    }

    /// Takes back the newest `count` migrations, the newest first.
    /// - Returns: what was taken back: fewer at the base.
    /// - Throws: ``MigrationError``.
    @discardableResult
    func down(_ count: Int = 1, progress: (Migration) -> Void = { _ in }) async throws -> [Migration] {
        var done: [Migration] = []
        while done.count < count,
            let migration = try await step({ (plan) throws(MigrationError) in try plan.nextDown() }, isUp: false)
        {
            done.append(migration)
            progress(migration)
        }
        return done
    }

    /// Takes back every migration: an empty database, but for the table of migrations.
    /// - Throws: ``MigrationError``.
    @discardableResult
    func base(progress: (Migration) -> Void = { _ in }) async throws -> [Migration] {
        try await down(.max, progress: progress)
    }

    /// Every migration that the program or the database knows, by number.
    /// - Throws: ``MigrationError``.
    func status() async throws -> [MigrationStatus] {
        let rows = try await history()
        return MigrationStatus.list(try await plan(rows), applied: rows)
    }

    /// What is applied, in the order in which it was.
    /// - Throws: ``MigrationError``.
    func history() async throws -> [AppliedMigration] {
        do {
            return try await Migrator.applied(pool).sorted { ($0.appliedAt, $0.version) < ($1.appliedAt, $1.version) }
        } catch DatabaseError.statement(sqlState: "42P01", _) {
            return []  // no table of migrations: nothing was ever applied
        } catch let error as DatabaseError {
            throw MigrationError.database(error)
        }
    }

    /// True when nothing is pending: what readiness asks. Takes no lock and writes nothing.
    /// - Throws: ``MigrationError``.
    func isUpToDate() async throws -> Bool {
        try await plan(try await history()).pending.isEmpty
    }

    private func plan(_ rows: [AppliedMigration]) async throws -> MigrationPlan {
        try MigrationPlan(known: known, applied: rows, dialect: pool.dialect)
    }

    // MARK: One step

    /// In one transaction: take the lock, look, run one script, note it.
    private func step(
        _ next: @escaping @Sendable (MigrationPlan) throws(MigrationError) -> Migration?, isUp: Bool
    ) async throws -> Migration? {
        let known = self.known
        let now = self.now
        return try await locked { (executor) -> Migration? in
            let dialect = executor.dialect
            let rows = try await Migrator.applied(executor)
            guard let migration = try next(MigrationPlan(known: known, applied: rows, dialect: dialect)) else { return nil }
            do throws(DatabaseError) {
                try await executor.script((isUp ? migration.up : migration.down).text(dialect))
                if isUp {
                    _ = try await executor.execute(
                        Statements.insert,
                        [
                            .int(Int64(migration.version)), .text(migration.name), .text(migration.checksum(dialect)),
                            .timestamp(now()),
                        ])
                } else {
                    _ = try await executor.execute(Statements.delete, [.int(Int64(migration.version))])
                }
            } catch {
                // The pool retries these, whole.
                if case .serialization = error { throw error }
                throw MigrationError.failed(label: migration.label, isUp: isUp, error)
            }
            return migration
        }
    }

    /// A transaction that no other migrator of this database shares.
    private func locked<R: Sendable>(_ body: @escaping @Sendable (any SQLExecutor) async throws -> R) async throws -> R {
        do {
            return try await pool.withTransaction { executor in
                try await executor.script(Statements.lockAndTable(executor.dialect))
                return try await body(executor)
            }
        } catch let error as DatabaseError {
            throw MigrationError.database(error)
        }
    }

    private static func applied(_ executor: any SQLExecutor) async throws -> [AppliedMigration] {
        var rows: [AppliedMigration] = []
        for row in try await executor.execute(Statements.applied, []) {
            rows.append(
                AppliedMigration(
                    version: Int(clamping: try row.int(0)), name: try row.string(1), checksum: try row.string(2),
                    appliedAt: try row.timestamp(3)))
        }
        return rows
    }
}

private enum Statements {
    static let applied = SQLStatement.read(
        "SELECT version, name, checksum, applied_at FROM schema_migrations ORDER BY version")

    static let insert = SQLStatement.write(
        "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)")

    static let delete = SQLStatement.write("DELETE FROM schema_migrations WHERE version = $1")

    /// PostgreSQL: the lock is held until the transaction ends, however it ends; its key is arbitrary and this program's own
    /// ("reac" in ASCII). SQLite: a writing transaction is the lock.
    static func lockAndTable(_ dialect: SQLDialect) -> String {
        switch dialect {
        case .postgres:
            """
            SELECT pg_advisory_xact_lock(1919246691);
            SET LOCAL client_min_messages = warning;
            CREATE TABLE IF NOT EXISTS schema_migrations (
                version bigint PRIMARY KEY,
                name text NOT NULL,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL
            )
            """
        case .sqlite:
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                version INTEGER PRIMARY KEY,
                name TEXT NOT NULL,
                checksum TEXT NOT NULL,
                applied_at TEXT NOT NULL
            ) STRICT
            """
        }
    }
}
