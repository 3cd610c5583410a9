// The one error type of the database layer: both databases' failures in terms that a caller can act on. A value; any thread.

/// What kind of rule a change broke.
public enum ConstraintKind: Sendable, Hashable {
    case unique
    case foreignKey
    case check
    case notNull
}

/// Why a statement, or a wait for a connection, failed.
public enum DatabaseError: Error, Sendable, Hashable {
    /// There is no connection and none is to be had now: the server is away, or the pool's queue is full. Nothing was run.
    case unavailable(String)
    /// A deadline passed: of the statement, of the wait for a connection, or of connecting.
    case timeout(String)
    /// The connection broke with the statement on its way.
    /// - Parameter commitUnknown: true for a write that the server may have carried out: it must not be run again blindly.
    case connectionLost(commitUnknown: Bool)
    /// A rule of the schema forbids the change.
    /// - Parameter name: PostgreSQL: the constraint's name, or for `notNull` the column's. SQLite: the index' name, or
    ///   "table.column".
    case constraint(ConstraintKind, name: String?)
    /// Two transactions collided (40001, 40P01, SQLITE_BUSY); the whole transaction may be run again.
    case serialization
    /// The database answers and cannot serve. Nothing was changed.
    case incapable(DatabaseIncapacity)
    /// Any other error that the database reports.
    case statement(sqlState: String, message: String)
    /// A column is absent, is NULL where a value was asked for, or has another type.
    case decoding(String)
    /// The waiting task was cancelled.
    case cancelled
    /// The connection, transaction or pool was closed before.
    case closed
}

/// Why a database that answers cannot serve.
public enum DatabaseIncapacity: Sendable, Hashable, CustomStringConvertible {
    /// It refuses writes: a standby, `default_transaction_read_only`, a file on a file system that is read-only.
    case readOnly
    /// There is no space left where it stores.
    case storageFull
    /// It has no memory, connections or other resources left for a statement, or may not use more.
    case exhausted
    /// SQLite: the file is damaged, or is no database.
    case damaged
    /// SQLite: the file was deleted, or another one has taken its place.
    case fileGone
    /// It can never be used: its encoding is not UTF-8.
    /// - Parameter reason: for people.
    case unsuitable(_ reason: String)

    /// For logs and health checks: continues "the database cannot serve:".
    public var description: String {
        switch self {
        case .readOnly: "it is read-only"
        case .storageFull: "its disk is full"
        case .exhausted: "it has no resources left"
        case .damaged: "its file is damaged, or is no database"
        case .fileGone: "its file was deleted or replaced"
        case .unsuitable(let reason): reason
        }
    }
}

extension DatabaseError {
    /// Whether it speaks against the database and not against the statement: the next one will fail as well, and a health check finds it.
    public var isOutage: Bool {
        switch self {
        case .incapable(.exhausted): false
        case .unavailable, .connectionLost(commitUnknown: false), .incapable, .closed: true
        case .timeout, .connectionLost, .constraint, .serialization, .statement, .decoding, .cancelled: false
        }
    }
}

extension DatabaseError: CustomStringConvertible {
    /// For logs. Holds no bindings; what PostgreSQL quotes in a message may be part of one.
    public var description: String {
        switch self {
        case .unavailable(let reason): "database unavailable: \(reason)"
        case .timeout(let reason): "database deadline passed: \(reason)"
        case .connectionLost(let commitUnknown):
            commitUnknown ? "database connection lost, commit unknown" : "database connection lost"
        case .constraint(let kind, let name): "\(kind) constraint \(name ?? "of unknown name") violated"
        case .serialization: "transactions collided"
        case .incapable(let reason): "the database cannot serve: \(reason)"
        case .statement(let sqlState, let message): "SQLSTATE \(sqlState): \(message)"
        case .decoding(let reason): "unexpected column: \(reason)"
        case .cancelled: "database statement cancelled"
        case .closed: "database connection closed"
        }
    }
}
