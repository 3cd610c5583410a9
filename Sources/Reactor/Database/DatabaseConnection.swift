// What both databases offer. Protocols only; conforming connections are loop-bound.

/// Whatever runs statements: the pool, or a transaction. All that a Repository needs.
public protocol SQLExecutor {
    var dialect: SQLDialect { get }

    /// Runs one statement to its end.
    ///
    /// Cancelling the task ends the wait at once. Whether a write in flight was carried out is then not known to the caller.
    /// - Parameter bindings: the values of `$1`, `$2` ...
    func execute(_ statement: SQLStatement, _ bindings: [SQLValue]) async throws(DatabaseError) -> SQLRows

    /// Runs one statement once for each element of `batch`, all of them on their way at once: PostgreSQL gets them in one
    /// pipeline, SQLite in one trip to the blocking pool, and the caller is resumed once.
    ///
    /// They are statements of their own, as if each had been passed to ``execute(_:_:)``: one that fails leaves the others alone (but
    /// in a transaction of PostgreSQL's, where nothing runs after a failure), and outside of a transaction each write commits
    /// by itself.
    ///
    /// Cancelling the task ends the wait. Which writes of the batch were carried out is then not known to the caller.
    /// - Parameter batch: the bindings of each execution; nothing is sent for an empty one.
    /// - Returns: what became of each, in the order of `batch`.
    /// - Throws: where none was sent; `.cancelled` when the task was cancelled.
    func execute(_ statement: SQLStatement, batch: [[SQLValue]]) async throws(DatabaseError) -> [Result<SQLRows, DatabaseError>]

    /// Runs several statements, separated by semicolons and without parameters; results are dropped. For migrations: the
    /// deadline is ``DatabaseConfiguration/scriptTimeout``.
    func script(_ sql: String) async throws(DatabaseError)
}

/// Whether a transaction will write.
public enum TransactionMode: Sendable, Hashable {
    case read
    case write
}

/// One connection to one database, loop-bound: what a pool holds.
public protocol DatabaseConnection: AnyObject, SQLExecutor {
    /// False once the connection is broken or closed; it never becomes true again.
    var isUsable: Bool { get }
    /// Statements that were accepted and are not answered yet.
    var inFlight: Int { get }

    /// Begins a transaction. Afterwards the connection belongs to one caller until ``commit()`` or ``rollback()``.
    func begin(_ mode: TransactionMode) async throws(DatabaseError)
    /// - Throws: where it does, the transaction is still to be rolled back; `.connectionLost(commitUnknown: true)` where
    ///   nobody knows how it ended.
    func commit() async throws(DatabaseError)
    /// Undoes the transaction and leaves the connection clean; runs to its end even in a cancelled task.
    /// - Throws: where it does, the connection is not usable any more.
    func rollback() async throws(DatabaseError)

    /// Closes the connection; statements in flight fail. Idempotent.
    func close() async
    /// One round trip.
    func ping() async throws(DatabaseError)
}
