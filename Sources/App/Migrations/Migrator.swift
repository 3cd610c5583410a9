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
    let pool: DatabasePool
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

    /// Applies what is pending. Where nothing was ever applied and another application's tables are found, those are adopted.
    /// - Parameters:
    ///   - progress: called behind each migration that was applied.
    ///   - adopted: called behind an adoption, which applies all migrations at once.
    /// - Returns: what this call applied; empty when there was nothing to do, or when others did it.
    /// - Throws: ``MigrationError``. What was applied before the failing one stays.
    @discardableResult
    func up(
        progress: (Migration) -> Void = { _ in }, adopted: (AdoptionReport) -> Void = { _ in }
    ) async throws -> [Migration] {
        var done: [Migration] = []
        if let (migrations, report) = try await adopt() {
            done = migrations
            adopted(report)
            migrations.forEach(progress)
        }
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

    /// What is applied as a transaction sees it, by number; empty, too, where there is no table of migrations.
    static func history(in executor: any SQLExecutor) async throws -> [AppliedMigration] {
        // Asked first: PostgreSQL takes nothing more in a transaction in which something failed.
        guard try await !executor.execute(Statements.tableOfMigrations, []).isEmpty else { return [] }
        return try await applied(executor)
    }

    /// True when nothing is pending: what readiness asks. Takes no lock and writes nothing.
    /// - Throws: ``MigrationError``.
    func isUpToDate() async throws -> Bool {
        try await plan(try await history()).pending.isEmpty
    }

    func plan(_ rows: [AppliedMigration]) async throws -> MigrationPlan {
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
            try await Migrator.run(migration, isUp: isUp, at: now(), executor)
            try await Migrator.checkReferences(migration.label, executor)
            return migration
        }
    }

    /// Runs one script and notes it.
    private static func run(_ migration: Migration, isUp: Bool, at time: Timestamp, _ executor: any SQLExecutor) async throws {
        let dialect = executor.dialect
        do throws(DatabaseError) {
            try await executor.script((isUp ? migration.up : migration.down).text(dialect))
            if isUp {
                _ = try await executor.execute(
                    Statements.insert,
                    [
                        .int(Int64(migration.version)), .text(migration.name), .text(migration.checksum(dialect)), .timestamp(time),
                    ])
            } else {
                _ = try await executor.execute(Statements.delete, [.int(Int64(migration.version))])
            }
        } catch {
            // The pool retries these, whole.
            if case .serialization = error { throw error }
            throw MigrationError.failed(label: migration.label, isUp: isUp, error)
        }
    }

    /// Where foreign keys were not enforced, they are checked before the commit.
    private static func checkReferences(_ label: String, _ executor: any SQLExecutor) async throws {
        guard executor.dialect == .sqlite else { return }
        let broken = try await executor.execute(Statements.brokenReferences, [])
        guard !broken.isEmpty else { return }
        var rows: [String] = []
        for row in broken.prefix(5) { rows.append("\(try row.string(0)).\(try row.optionalInt(1) ?? 0) -> \(try row.string(2))") }
        throw MigrationError.brokenReferences(label: label, rows)
    }

    // MARK: Adoption

    /// In one transaction: look, move aside, apply everything, copy back. Nil where there is nothing to adopt.
    private func adopt() async throws -> ([Migration], AdoptionReport)? {
        // Without the lock at first: a database that has migrations is the usual case.
        guard try await history().isEmpty else { return nil }
        let known = self.known
        let now = self.now
        return try await locked { (executor) -> ([Migration], AdoptionReport)? in
            let rows = try await Migrator.applied(executor)
            guard rows.isEmpty, let adoption = try await Adoption(executor) else { return nil }
            let plan = try MigrationPlan(known: known, applied: rows, dialect: executor.dialect)
            try await adoption.moveAside(executor)
            for migration in plan.pending { try await Migrator.run(migration, isUp: true, at: now(), executor) }
            try await adoption.copyBack(executor)
            try await Migrator.checkReferences("adoption", executor)
            return (plan.pending, adoption.report)
        }
    }

    // MARK: Rebuilding

    /// Makes the schema anew, in one transaction: takes back what is applied, applies `versions`, fills the tables, and applies what
    /// is known beyond those. For restoring a backup into the schema that it was made with.
    /// - Parameters:
    ///   - check: looks at the database as it is, and throws to leave it so.
    ///   - filling: puts the rows in. A collision runs it again, from an empty schema.
    /// - Throws: ``MigrationError``, and what the closures throw. Then nothing has changed.
    func rebuild<Result: Sendable>(
        with versions: Set<Int>, check: @escaping @Sendable (any SQLExecutor) async throws -> Void,
        filling: @escaping @Sendable (any SQLExecutor) async throws -> Result
    ) async throws -> Result {
        let known = self.known
        let now = self.now
        return try await locked { executor in
            try await check(executor)
            var rows = try await Migrator.applied(executor)
            while let migration = try MigrationPlan(known: known, applied: rows, dialect: executor.dialect).nextDown() {
                try await Migrator.run(migration, isUp: false, at: now(), executor)
                rows.removeAll { $0.version == migration.version }
            }
            for migration in known where versions.contains(migration.version) {
                try await Migrator.run(migration, isUp: true, at: now(), executor)
            }
            let result = try await filling(executor)
            for migration in known where !versions.contains(migration.version) {
                try await Migrator.run(migration, isUp: true, at: now(), executor)
            }
            try await Migrator.checkReferences("restore", executor)
            return result
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

    static let tableOfMigrations = SQLStatement.read(
        postgres: "SELECT 1 WHERE to_regclass('schema_migrations') IS NOT NULL",
        sqlite: "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'")

    static let insert = SQLStatement.write(
        "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)")

    static let delete = SQLStatement.write("DELETE FROM schema_migrations WHERE version = $1")

    static let brokenReferences = SQLStatement.read(
        "SELECT DISTINCT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 5")

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
