// What `reactor migrate status` and `history` show. Values; any thread.

import Reactor

/// One line of the status.
struct MigrationStatus: Sendable, Hashable {
    enum State: Sendable, Hashable {
        case applied(Timestamp)
        case pending
        /// The database has it and this program does not know it.
        case unknown(Timestamp)
    }

    var version: Int
    var name: String
    var state: State

    var label: String { Migration.label(version: version, name: name) }

    /// Every migration that either side knows, by number.
    static func list(_ plan: MigrationPlan, applied rows: [AppliedMigration]) -> [MigrationStatus] {
        var times: [Int: Timestamp] = [:]
        for row in rows { times[row.version] = row.appliedAt }
        let known = (plan.applied + plan.pending).map { migration in
            MigrationStatus(
                version: migration.version, name: migration.name,
                state: times[migration.version].map { .applied($0) } ?? .pending)
        }
        let unknown = plan.unknown.map { row in
            MigrationStatus(version: row.version, name: row.name, state: .unknown(row.appliedAt))
        }
        return (known + unknown).sorted { $0.version < $1.version }
    }
}
