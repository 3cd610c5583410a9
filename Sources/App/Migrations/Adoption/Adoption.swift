// Taking over a database that an application of another make has filled, such as one that Alembic manages. Used inside of a
// migrator's transaction: what fails changes nothing. On the executor's loop.

import Reactor

/// What was taken over.
struct AdoptionReport: Sendable, Hashable {
    /// Of `alembic_version`, which is left as it is; nil where there is none.
    var revision: String?
    var tables: [String]
    /// What the operator should know: what could not be kept as it was.
    var remarks: [String]

    /// `adopted users, tasks from Alembic revision 1a2b3c`.
    var summary: String {
        "adopted \(tables.joined(separator: ", "))" + (revision.map { " from Alembic revision \($0)" } ?? "")
    }
}

/// A database's adoption, decided and checked.
struct Adoption: Sendable {
    let plan: AdoptionPlan
    let report: AdoptionReport

    /// How many values a message names.
    private static let shownValues = 5

    /// Looks at the database. Changes nothing.
    /// - Returns: nil where no table of it bears a name of ours.
    /// - Throws: ``MigrationError/notAdoptable(_:)`` with every reason.
    init?(_ executor: any SQLExecutor, declared: DatabaseSchema = .declared) async throws {
        let live = try await SchemaReader.read(executor)
        guard let plan = try AdoptionPlan(live: live, declared: declared, dialect: executor.dialect) else { return nil }
        let problems = try await Adoption.answers(plan.checks, executor)
        guard problems.isEmpty else { throw MigrationError.notAdoptable(problems) }
        self.plan = plan
        report = AdoptionReport(
            revision: try await Adoption.alembicRevision(executor), tables: plan.tables,
            remarks: try await Adoption.answers(plan.remarks, executor))
    }

    /// Frees the names that our tables will have.
    func moveAside(_ executor: any SQLExecutor) async throws {
        if executor.dialect == .sqlite {
            // Dropping the old tables would delete what refers to them.
            guard try await executor.execute(.read("PRAGMA foreign_keys"), []).first?.int(0) == 0 else {
                throw MigrationError.notAdoptable(["this connection enforces foreign keys; reactor migrate up does not"])
            }
        }
        try await run(plan.before, executor)
    }

    /// Fills our tables, and drops what was moved aside.
    func copyBack(_ executor: any SQLExecutor) async throws {
        try await run(plan.after, executor)
    }

    private func run(_ statements: [String], _ executor: any SQLExecutor) async throws {
        do throws(DatabaseError) {
            try await executor.script(statements.joined(separator: "\n"))
        } catch {
            if case .serialization = error { throw error }
            throw MigrationError.adoptionFailed(error)
        }
    }

    private static func answers(_ checks: [AdoptionCheck], _ executor: any SQLExecutor) async throws -> [String] {
        var answers: [String] = []
        for check in checks {
            let limit = check.isComplete ? "" : " LIMIT \(shownValues + 1)"
            let rows = try await executor.execute(.read("\(check.query)\(limit)"), [])
            guard !rows.isEmpty else { continue }
            let shown = check.isComplete ? rows.count : min(rows.count, shownValues)
            var values: [String] = []
            for row in rows.prefix(shown) { values.append(try row.optionalString(0) ?? "null") }
            answers.append("\(check.problem): \(values.joined(separator: ", "))\(rows.count > shown ? " ..." : "")")
        }
        return answers
    }

    /// What Alembic noted as its state. Several heads are joined.
    static func alembicRevision(_ executor: any SQLExecutor) async throws -> String? {
        let isThere = SQLStatement.read(
            postgres: """
                SELECT count(*) FROM pg_class
                WHERE relname = 'alembic_version' AND relnamespace = CAST(current_schema() AS regnamespace)
                """,
            sqlite: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'alembic_version'")
        guard try await executor.execute(isThere, []).first?.int(0) == 1 else { return nil }
        var heads: [String] = []
        for row in try await executor.execute(.read("SELECT version_num FROM alembic_version ORDER BY version_num"), []) {
            heads.append(try row.string(0))
        }
        return heads.isEmpty ? nil : heads.joined(separator: ", ")
    }
}
