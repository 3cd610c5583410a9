// How a database that an application of another make has filled becomes this program's, decided from what both schemas are. Pure.
//
// Tables of ours that are there are moved aside, the migrations make them anew, and the rows are copied back: one procedure for both
// databases, and what comes out is exactly what the migrations make, names of constraints included. All of it is one transaction.

import Reactor

/// A question that must have no answer before anything is changed.
struct AdoptionCheck: Sendable, Hashable {
    /// What is wrong where there are rows: `users.email: longer than 320 characters, in rows`.
    var problem: String
    /// One text column: what is to be named.
    var query: String
    /// All of it is named, and not the first few.
    var isComplete = false
}

/// What adopting a database takes.
struct AdoptionPlan: Sendable, Hashable {
    /// The tables that are adopted, in the order in which they can be filled.
    private(set) var tables: [String] = []
    private(set) var checks: [AdoptionCheck] = []
    /// Questions whose answers the operator is told: nothing is lost by them but detail.
    private(set) var remarks: [AdoptionCheck] = []
    /// Moves what is there aside; the migrations run behind it.
    private(set) var before: [String] = []
    /// Copies the rows back.
    private(set) var after: [String] = []
    private let dialect: SQLDialect

    /// Nil where there is nothing to adopt.
    /// - Throws: `.notAdoptable` where a table bears a name of ours and is something else.
    init?(live: DatabaseSchema, declared: DatabaseSchema, dialect: SQLDialect) throws(MigrationError) {
        self.dialect = dialect
        let found = declared.tables.filter { live[$0.name] != nil }
        guard !found.isEmpty else { return nil }
        var problems: [String] = []
        var adoptions: [TableAdoption] = []
        for table in found {
            guard let old = live[table.name] else { continue }
            do throws(AdoptionProblems) {
                adoptions.append(try TableAdoption(from: old, to: table, dialect))
                problems += AdoptionPlan.missing(for: table, live)
            } catch {
                problems += error.lines
            }
        }
        let parts = adoptions.map(\.parts)
        problems += parts.flatMap(\.problems)
        guard problems.isEmpty else { throw .notAdoptable(problems) }
        tables = adoptions.map(\.target.name)
        checks = adoptions.flatMap { $0.obstacles + $0.checks }
        remarks = adoptions.flatMap { $0.remarks + $0.losses }
        before = adoptions.flatMap { $0.movingAside }
        // Keys refer to what indexes keep unique.
        after = adoptions.flatMap { $0.filling } + parts.flatMap(\.indexes) + parts.flatMap(\.constraints)
        let strangers = live.tables.filter { !tables.contains($0.name) }
        switch dialect {
        case .postgres: mendPostgres(adoptions, strangers)
        case .sqlite: after += adoptions.map { "DROP TABLE \(SQLText.identifier($0.asideName));" }
        }
    }

    /// What the rows of a table cannot be without. SQLModel calls a table of users `user`.
    private static func missing(for table: TableSchema, _ live: DatabaseSchema) -> [String] {
        Set(table.foreignKeys.map(\.table)).filter { live[$0] == nil }.sorted().map { owner in
            let singular = String(owner.dropLast())
            let hint =
                live[singular] == nil
                ? "rename the table that it refers to first"
                : "rename \(singular) first (ALTER TABLE \(SQLText.identifier(singular)) RENAME TO \(SQLText.identifier(owner)))"
            return "table \(table.name) belongs to \(owner), and there is no table \(owner): \(hint)"
        }
    }

    /// PostgreSQL's foreign keys follow a table, not its name: those of tables that are not ours are made again.
    private mutating func mendPostgres(_ adoptions: [TableAdoption], _ strangers: [TableSchema]) {
        var dropped: [String] = []
        for table in strangers {
            for key in table.foreignKeys where tables.contains(key.table) {
                let name = "ALTER TABLE \(SQLText.identifier(table.name))"
                dropped.append("\(name) DROP CONSTRAINT \(SQLText.identifier(key.name));")
                after.append("\(name) ADD CONSTRAINT \(SQLText.identifier(key.name)) \(key.definition);")
            }
        }
        before = dropped + before
        // Together: they refer to each other. Behind the numbers of their sequences, and before the keys of the others.
        let names = adoptions.map { SQLText.identifier($0.asideName) }.joined(separator: ", ")
        after.insert("DROP TABLE \(names);", at: after.count - dropped.count)
    }
}

/// Everything that keeps a table from being adopted.
struct AdoptionProblems: Error, Sendable, Hashable {
    var lines: [String]
}
