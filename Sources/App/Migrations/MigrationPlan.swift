// What to apply and what to take back, decided from two lists: what this program knows and what the database says. Pure.

import Reactor

/// A row of `schema_migrations`.
struct AppliedMigration: Sendable, Hashable {
    var version: Int
    var name: String
    var checksum: String
    var appliedAt: Timestamp

    var label: String { Migration.label(version: version, name: name) }
}

/// Why migrating was refused, or where it failed.
enum MigrationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Two migrations of this program bear one number, or their numbers do not ascend.
    case misnumbered(version: Int)
    /// An applied migration's text is not what was applied.
    case checksumChanged(label: String, applied: String, known: String)
    /// It would have to be taken back, and this program does not know how.
    case unknownApplied(label: String)
    case failed(label: String, isUp: Bool, DatabaseError)
    /// SQLite: rows would be left that refer to no row; the first few, such as `tasks.3 -> users`.
    case brokenReferences(label: String, [String])
    /// The database is somebody else's, and cannot be taken over as it is; each reason.
    case notAdoptable([String])
    case adoptionFailed(DatabaseError)
    case database(DatabaseError)

    var description: String {
        switch self {
        case .misnumbered(let version):
            "migration \(version) is listed twice, or out of order"
        case .checksumChanged(let label, let applied, let known):
            "migration \(label) was changed after it had been applied (applied \(applied.prefix(12)), now \(known.prefix(12))): "
                + "restore its text and put the change into a new migration"
        case .unknownApplied(let label):
            "the database has migration \(label), which this version of the program does not know: "
                + "take it back with the version that made it"
        case .failed(let label, let isUp, let error):
            "migration \(label) could not be \(isUp ? "applied" : "taken back") and was rolled back: \(error)"
        case .brokenReferences(let label, let rows):
            "migration \(label) would leave rows that refer to nothing and was rolled back: \(rows.joined(separator: ", "))"
        case .notAdoptable(let reasons):
            "the database holds another application's tables, and nothing was changed:\n"
                + reasons.map { "  \($0)" }.joined(separator: "\n")
        case .adoptionFailed(let error):
            "taking over the other application's tables failed and was rolled back: \(error)"
        case .database(let error):
            "the database cannot be migrated: \(error)"
        }
    }
}

/// The difference between the migrations of this program and those of a database.
struct MigrationPlan: Sendable, Hashable {
    let dialect: SQLDialect
    /// Known and applied, oldest first.
    let applied: [Migration]
    /// Known and not applied, in the order in which to apply them. One that is older than an applied one is among them: it
    /// came from a branch that was merged later.
    let pending: [Migration]
    /// Applied and not known: a newer program was here. It stays reported; serving with it is the operator's choice, because
    /// during a rolling upgrade the old version still runs.
    let unknown: [AppliedMigration]

    /// - Throws: `.misnumbered`, `.checksumChanged`.
    init(known: [Migration], applied rows: [AppliedMigration], dialect: SQLDialect) throws(MigrationError) {
        var lastVersion = 0
        for migration in known {
            guard migration.version > lastVersion else { throw .misnumbered(version: migration.version) }
            lastVersion = migration.version
        }
        self.dialect = dialect
        let knownVersions = Set(known.map(\.version))
        var rowOfVersion: [Int: AppliedMigration] = [:]
        for row in rows { rowOfVersion[row.version] = row }
        for migration in known {
            guard let row = rowOfVersion[migration.version] else { continue }
            let checksum = migration.checksum(dialect)
            guard row.checksum == checksum else {
                throw .checksumChanged(label: migration.label, applied: row.checksum, known: checksum)
            }
        }
        applied = known.filter { rowOfVersion[$0.version] != nil }
        pending = known.filter { rowOfVersion[$0.version] == nil }
        unknown = rows.filter { !knownVersions.contains($0.version) }.sorted { $0.version < $1.version }
    }

    /// The next one to apply, or nil when the schema is up to date.
    var nextUp: Migration? { pending.first }

    /// The next one to take back: the newest that the database has; nil at base.
    /// - Throws: `.unknownApplied` where the newest is not ours to take back.
    func nextDown() throws(MigrationError) -> Migration? {
        if let unknown = unknown.last, unknown.version > applied.last?.version ?? 0 {
            throw .unknownApplied(label: unknown.label)
        }
        return applied.last
    }
}
