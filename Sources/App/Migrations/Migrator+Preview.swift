// What a migrator would do, without doing it: `--dry-run`, and what is between the declared schema and the live one. Takes no lock
// and writes nothing.

import Actors
import Reactor

/// SQL that would be run as one.
struct PlannedScript: Sendable, Hashable {
    /// `0001_initial`.
    var label: String
    var sql: String
}

extension Migrator {
    /// What ``up(progress:adopted:)`` would run, in order.
    /// - Throws: ``MigrationError``, as the real thing would.
    func plannedUp() async throws -> [PlannedScript] {
        let rows = try await history()
        let dialect = pool.dialect
        let migrations = try await plan(rows).pending.map { PlannedScript(label: $0.label, sql: $0.up.text(dialect)) }
        guard rows.isEmpty, let adoption = try await looking({ try await Adoption($0) }) else { return migrations }
        let title = adoption.report.summary
        // A line each, whatever stands in the database.
        let notes = adoption.report.remarks.map { "-- note: \(String($0.map { $0.isNewline ? " " : $0 }))" }
        return [PlannedScript(label: "\(title): moving aside", sql: (notes + adoption.plan.before).joined(separator: "\n"))] + migrations
            + [PlannedScript(label: "\(title): copying back", sql: adoption.plan.after.joined(separator: "\n"))]
    }

    /// What ``down(_:progress:)`` would run, in order.
    /// - Throws: ``MigrationError``, as the real thing would.
    func plannedDown(_ count: Int) async throws -> [PlannedScript] {
        var rows = try await history()
        var scripts: [PlannedScript] = []
        while scripts.count < count, let migration = try await plan(rows).nextDown() {
            scripts.append(PlannedScript(label: migration.label, sql: migration.down.text(pool.dialect)))
            rows.removeAll { $0.version == migration.version }
        }
        return scripts
    }

    /// What would bring the live schema to the declared one.
    /// - Throws: ``MigrationError``.
    func schemaChanges(declared: DatabaseSchema = .declared) async throws -> [SchemaChange] {
        let live = try await looking { try await SchemaReader.read($0) }
        return SchemaDifference.changes(from: live, to: declared, in: pool.dialect)
    }

    private func looking<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLExecutor) async throws -> Result
    ) async throws -> Result {
        do {
            return try await pool.withTransaction(.read, body)
        } catch let error as DatabaseError {
            throw MigrationError.database(error)
        }
    }
}
