// Whether a connection to PostgreSQL is a session of ours, or leads through a pooler that gives each transaction any server connection
// that is free. Values; any thread.

/// What `DATABASE_PREPARED_STATEMENTS` says.
public enum PreparedStatements: String, Sendable, Hashable, CaseIterable {
    /// As it turns out when connecting, or later.
    case auto
    /// Always: for a direct connection, or a pooler that follows prepared statements.
    case on
    /// Never: each statement is parsed by the server each time.
    case off
}

/// What a connection may leave behind on the server for its next statement.
public enum PostgresSession: Sendable, Hashable {
    /// Prepared statements, settings, LISTEN: it is the same server process from beginning to end.
    case own
    /// Nothing but `statement_timeout`, which goes with each transaction: no statement may depend on `TimeZone` or another setting. A
    /// transaction pooler (PgBouncer's `pool_mode = transaction` and the like) is in between, and the next transaction may be
    /// run by a process that has other clients' statements, or none. So statements are sent with their text each time, and notifications
    /// cannot be heard.
    case pooled

    /// The server's own limit of a statement, for the transaction that the next statement begins.
    /// - Parameter isExplicit: after BEGIN, where SELECT would take the snapshot that `SET TRANSACTION` must come before.
    static func limit(_ timeout: Duration, isExplicit: Bool) -> String {
        let milliseconds = timeout.ceilingMilliseconds
        return isExplicit
            ? "SET LOCAL statement_timeout = \(milliseconds)" : "SELECT set_config('statement_timeout', '\(milliseconds)', true)"
    }

    /// Whether an attempt to connect has failed for what the startup message says beyond a pooler's understanding. PgBouncer's words:
    /// "unsupported startup parameter: options", with 08P01.
    static func isRefusal(_ error: DatabaseError) -> Bool {
        guard case .unavailable(let reason) = error else { return false }
        return Text(reason).contains("unsupported startup parameter")
    }
}
