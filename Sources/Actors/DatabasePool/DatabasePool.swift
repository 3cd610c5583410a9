// The database as a loop sees it: statements in, rows out, however the connections fare. Owns this loop's connections; an
// actor on its loop, so a call from the same loop costs no hop.
//
// PostgreSQL: single statements of all requests are pipelined on a shared connection; a transaction has a connection to
// itself. SQLite: reading statements go to reader connections, everything that writes to one writer, first come, first served.

public import Reactor

/// This loop's slice of the database connections.
public actor DatabasePool: SQLExecutor {
    public nonisolated let loop: EventLoop
    public nonisolated let configuration: DatabaseConfiguration

    /// Nil where nobody wants to know.
    let observer: StatementObserver?
    let lanes: [PoolLane]
    /// The shared lane's connections, in an array for the common case.
    var sharedConnections: [PostgresConnection] = []
    var counters = PoolStatistics()
    var timer: LoopTimer?
    var isStarted = false
    /// Calls that are under way.
    var activeCalls = 0
    var isShuttingDown = false
    var isProbing = false
    /// Why the database last refused to serve, and when.
    var incapacity: (reason: DatabaseIncapacity, since: MonotonicInstant)?
    /// SQLite: the file that the first connection found, and whether it is there no more.
    var fileIdentity: SQLiteFileIdentity?
    var isFileGone = false
    /// Connections that are being closed: SQLite does it on the blocking pool.
    var closing: [Int: any DatabaseConnection] = [:]
    var lastClosing = 0
    var opening: [Int: Task<Void, Never>] = [:]
    /// Whoever waits for the pool's end.
    var quietWaiters: [LoopPromise<Void>] = []

    /// A shared connection whose oldest statement waits for longer than this is passed by, if another one is free: one slow
    /// report must not stand in everybody's way.
    static let overflowThreshold = Duration.milliseconds(50)
    private static let maxTransactionRetries = 3

    /// Makes a pool without connections; they are made when they are first needed.
    /// - Parameter observer: told about every statement.
    public init(loop: EventLoop, configuration: DatabaseConfiguration, observer: StatementObserver? = nil) {
        self.loop = loop
        self.configuration = configuration
        self.observer = observer
        lanes = PoolLane.lanes(for: configuration)
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    public nonisolated var dialect: SQLDialect { configuration.dialect }

    // MARK: Statements

    /// Runs one statement outside of any transaction.
    ///
    /// A reading statement whose connection breaks is run once more; a writing one never is.
    /// - Throws: `.unavailable` at once while the database is away; `.timeout` after ``DatabaseConfiguration/poolWait``
    ///   without a connection, or after ``DatabaseConfiguration/statementTimeout``.
    public func execute(_ statement: SQLStatement, _ bindings: [SQLValue]) async throws(DatabaseError) -> SQLRows {
        try enter()
        let began = MonotonicInstant.now()
        defer {
            counters.statementTime += MonotonicInstant.now() - began
            leave()
        }
        counters.statements += 1
        do throws(DatabaseError) {
            let rows =
                switch dialect {
                case .postgres: try await executeShared(statement, bindings)
                case .sqlite: try await executeLeased(statement, bindings, statement.kind == .read ? lanes[0] : lastLane)
                }
            observer?(statement, began, nil)
            return rows
        } catch {
            note(error)
            counters.errors += 1
            observer?(statement, began, error)
            throw error
        }
    }

    /// Runs several statements on a connection of their own.
    public func script(_ sql: String) async throws(DatabaseError) {
        try enter()
        defer { leave() }
        counters.statements += 1
        let lane = lastLane
        let (id, connection) = try await lease(lane)
        do throws(DatabaseError) {
            try await connection.script(sql)
            await giveBack(id, lane, isClean: true)
        } catch {
            note(error)
            counters.errors += 1
            await giveBack(id, lane, isClean: false)
            throw error
        }
    }

    /// PostgreSQL's exclusive lane, SQLite's writer.
    var lastLane: PoolLane { lanes[lanes.count - 1] }

    private func executeShared(
        _ statement: SQLStatement, _ bindings: [SQLValue]
    ) async throws(DatabaseError) -> SQLRows {
        var attempt = 0
        while true {
            attempt += 1
            let connection = try await sharedConnection()
            if connection.silence > DatabasePool.overflowThreshold, lastLane.state.hasRoom {
                return try await executeLeased(statement, bindings, lastLane)
            }
            do throws(DatabaseError) {
                return try await connection.execute(statement, bindings)
            } catch {
                guard attempt < 3, !isShuttingDown else { throw error }
                switch error {
                case .closed: continue  // closed before the statement was sent
                case .connectionLost where statement.kind == .read && attempt == 1: continue
                default: throw error
                }
            }
        }
    }

    private func executeLeased(
        _ statement: SQLStatement, _ bindings: [SQLValue], _ lane: PoolLane
    ) async throws(DatabaseError) -> SQLRows {
        let (id, connection) = try await lease(lane)
        do throws(DatabaseError) {
            let rows = try await connection.execute(statement, bindings)
            await giveBack(id, lane, isClean: true)
            return rows
        } catch {
            await giveBack(id, lane, isClean: false)
            throw error
        }
    }

    // MARK: Transactions

    /// Runs `body` in a transaction: commits when it returns, rolls back when it throws or when the task is cancelled.
    ///
    /// A transaction that collides with another one (40001, 40P01, a busy SQLite) is run again from its beginning, up to three
    /// times, so `body` must have no effect but on the database. One whose commit is unknown is never run again.
    /// - Parameter mode: `.read` where nothing is written; SQLite then does not wait for the writer.
    /// - Throws: what `body` throws, ``DatabaseError``, or `CancellationError`.
    public func withTransaction<R: Sendable>(
        _ mode: TransactionMode = .write, _ body: @Sendable (any SQLExecutor) async throws -> R
    ) async throws -> R {
        try enter()
        defer { leave() }
        var attempt = 0
        while true {
            counters.transactions += 1
            let lane = dialect == .sqlite && mode == .read ? lanes[0] : lastLane
            let (id, connection) = try await lease(lane)
            let transaction = DatabaseTransaction(connection, observer: observer)
            do {
                try await connection.begin(mode)
                let value = try await body(transaction)
                try Task.checkCancellation()
                transaction.end()
                try await connection.commit()
                transaction.committed()
                await giveBack(id, lane, isClean: true)
                return value
            } catch {
                transaction.end()
                if let failure = transaction.incapacity ?? (error as? DatabaseError) { note(failure) }
                await giveBack(id, lane, isClean: false)
                let hasCollided = transaction.hasCollided || (error as? DatabaseError) == .serialization
                guard hasCollided, attempt < DatabasePool.maxTransactionRetries, !Task.isCancelled else {
                    counters.errors += 1
                    throw error
                }
            }
            attempt += 1
            counters.retries += 1
            // Who collided comes back at different times: 5 to 10 ms, then twice, then four times as long.
            try await loop.sleep(for: .microseconds(Int64.random(in: 5_000...10_000) << Int64(attempt - 1)))
        }
    }

    // MARK: Calls under way

    /// - Throws: `.closed` after ``shutdown()``; `.cancelled` in a cancelled task.
    func enter() throws(DatabaseError) {
        guard !isShuttingDown else { throw .closed }
        // What is written to a file without a name is lost.
        guard !isFileGone else { throw .incapable(.fileGone) }
        guard !Task.isCancelled else { throw .cancelled }
        start()
        activeCalls += 1
    }

    func leave() {
        activeCalls -= 1
        checkQuiet()
    }
}
