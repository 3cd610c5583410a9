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
    /// Any other error that the database reports.
    case statement(sqlState: String, message: String)
    /// A column is absent, is NULL where a value was asked for, or has another type.
    case decoding(String)
    /// The waiting task was cancelled.
    case cancelled
    /// The connection, transaction or pool was closed before.
    case closed
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
        case .statement(let sqlState, let message): "SQLSTATE \(sqlState): \(message)"
        case .decoding(let reason): "unexpected column: \(reason)"
        case .cancelled: "database statement cancelled"
        case .closed: "database connection closed"
        }
    }
}
