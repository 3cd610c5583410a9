// A connection to an SQLite file. Owns the handle, the transaction's state and the queue of callers. Lives on its loop's
// thread; every sqlite3 call is made on the blocking pool, one at a time, and nothing ever waits for a lock there for long:
// writers of this process wait at the file's gate, and another process' lock is waited for on the loop.

/// One connection to an embedded database, loop-bound.
///
/// A statement is one trip to the blocking pool. Cancelling the task ends a running statement at its next look at the
/// operation (some 50 us); an autocommit write is then either wholly done or not done, and the caller knows which.
///
/// A connection is to be closed: one that is dropped instead closes its file on the thread that drops it, which blocks.
public final class SQLiteConnection: DatabaseConnection {
    public let loop: EventLoop
    private let handle: SQLiteHandle
    /// The file that was opened; nil for a database in memory.
    public let fileIdentity: SQLiteFileIdentity?
    private let gate: SQLiteWriteGate
    private let statementTimeout: Duration
    private let scriptTimeout: Duration

    private var transaction: TransactionMode?
    /// The open transaction is the file's writer.
    private var isWriter = false
    /// A trip is under way; the others wait in `waiters`.
    private var isRunning = false
    private var waiters: [LoopPromise<Void>] = []
    private var isClosed = false
    /// Set when the state of the transaction is not known any more.
    private var isBroken = false

    /// Statements that were called and have not returned.
    public private(set) var inFlight = 0

    /// How long a pool thread itself waits for another process' lock: long enough for most commits, too short to matter.
    private static let lockPatience = Duration.milliseconds(2)
    private static let firstLockPause = Duration.milliseconds(1)
    private static let maxLockPause = Duration.milliseconds(32)

    private init(
        loop: EventLoop, handle: SQLiteHandle, fileIdentity: SQLiteFileIdentity?, gate: SQLiteWriteGate,
        configuration: DatabaseConfiguration
    ) {
        self.loop = loop
        self.handle = handle
        self.fileIdentity = fileIdentity
        self.gate = gate
        statementTimeout = configuration.statementTimeout
        scriptTimeout = configuration.scriptTimeout
    }

    deinit {
        if isWriter { gate.release() }
    }

    /// Opens a database file, making it and its folder where they are missing. On-loop.
    ///
    /// - Parameters:
    ///   - path: of the file; `:memory:` makes a database of this connection's own.
    ///   - readOnly: refuses every write.
    /// - Throws: `.unavailable` where the file cannot be opened or made; `.timeout` where it stays locked.
    public static func open(
        path: String, readOnly: Bool, loop: EventLoop, configuration: DatabaseConfiguration
    ) async throws(DatabaseError) -> SQLiteConnection {
        let timeout = configuration.statementTimeout
        let operation = SQLiteOperation(deadline: .now() + timeout, lockPatience: timeout)
        let enforcesForeignKeys = configuration.enforcesForeignKeys
        let isPrivate = path.isEmpty || path == ":memory:"
        let (handle, identity) = try await trip(operation, on: loop) { (operation) throws(DatabaseError) in
            let handle = try SQLiteHandle.open(path: path, readOnly: readOnly, operation: operation)
            if !enforcesForeignKeys {
                try handle.script("PRAGMA foreign_keys = OFF", mustBeInTransaction: false, operation: operation)
            }
            return (handle, isPrivate ? nil : SQLiteFileIdentity(path: path))
        }
        return SQLiteConnection(
            loop: loop, handle: handle, fileIdentity: identity, gate: isPrivate ? SQLiteWriteGate() : .shared(path: path),
            configuration: configuration)
    }

    public var dialect: SQLDialect { .sqlite }

    public var isUsable: Bool { !isClosed && !isBroken }

    // MARK: Statements

    public func execute(_ statement: SQLStatement, _ bindings: [SQLValue]) async throws(DatabaseError) -> SQLRows {
        let handle = self.handle
        let isInTransaction = transaction != nil
        return try await perform(isWrite: statement.kind == .write, within: statementTimeout) { (operation) throws(DatabaseError) in
            try handle.execute(
                statement.sqlite, bindings, mustBeInTransaction: isInTransaction, operation: operation)
        }
    }

    /// Runs one statement once for each element of `batch`, in one trip; see ``SQLExecutor/execute(_:batch:)``. A writing batch is the
    /// file's writer from its first to its last execution.
    public func execute(
        _ statement: SQLStatement, batch: [[SQLValue]]
    ) async throws(DatabaseError) -> [Result<SQLRows, DatabaseError>] {
        let handle = self.handle
        let isInTransaction = transaction != nil
        let deadline = MonotonicInstant.now() + statementTimeout
        var results: [Result<SQLRows, DatabaseError>] = []
        // One turn, unless another process locks the file in the middle: what follows is then a trip of its own.
        while results.count < batch.count {
            let rest = batch[results.count...]
            let timeLeft = max(.zero, deadline - .now())
            do throws(DatabaseError) {
                results += try await perform(isWrite: statement.kind == .write, within: timeLeft) {
                    (operation) throws(DatabaseError) in
                    try handle.execute(
                        statement.sqlite, batch: rest, mustBeInTransaction: isInTransaction, operation: operation)
                }
            } catch {
                guard error != .cancelled, !results.isEmpty else { throw error }
                results += repeatElement(.failure(error), count: rest.count)
            }
        }
        return results
    }

    public func script(_ sql: String) async throws(DatabaseError) {
        let handle = self.handle
        let isInTransaction = transaction != nil
        try await perform(isWrite: true, within: scriptTimeout) { (operation) throws(DatabaseError) in
            try handle.script(sql, mustBeInTransaction: isInTransaction, operation: operation)
        }
    }

    public func ping() async throws(DatabaseError) {
        _ = try await execute(.read("SELECT 1"), [])
    }

    private func perform<R: Sendable>(
        isWrite: Bool, within timeout: Duration, _ work: @escaping Work<R>
    ) async throws(DatabaseError) -> R {
        guard isUsable else { throw .closed }
        inFlight += 1
        defer { inFlight -= 1 }
        let deadline = MonotonicInstant.now() + timeout
        guard transaction == nil else { return try await trip(deadline: deadline, work) }
        guard isWrite else { return try await tripsUntilUnlocked(deadline: deadline, work) }
        try await gate.acquire(on: loop, patience: timeout)
        defer { gate.release() }
        return try await tripsUntilUnlocked(deadline: deadline, work)
    }

    // MARK: Transactions

    /// Begins a transaction. A writing one takes its place among the writers now, so that it cannot fail for that later.
    public func begin(_ mode: TransactionMode) async throws(DatabaseError) {
        guard isUsable else { throw .closed }
        guard transaction == nil else {
            throw .statement(sqlState: "25001", message: "the connection is in a transaction already")
        }
        let handle = self.handle
        let deadline = MonotonicInstant.now() + statementTimeout
        let isWriter = mode == .write
        if isWriter { try await gate.acquire(on: loop, patience: statementTimeout) }
        do throws(DatabaseError) {
            try await tripsUntilUnlocked(deadline: deadline) { (operation) throws(DatabaseError) in
                try handle.script(
                    isWriter ? "BEGIN IMMEDIATE" : "BEGIN", mustBeInTransaction: false, operation: operation)
            }
        } catch {
            if isWriter { gate.release() }
            throw error
        }
        transaction = mode
        self.isWriter = isWriter
    }

    /// - Throws: where it does, the transaction is still to be rolled back. A cancelled task's transaction is not committed.
    public func commit() async throws(DatabaseError) {
        guard transaction != nil else { throw .statement(sqlState: "25P01", message: "there is no transaction") }
        let handle = self.handle
        try await tripsUntilUnlocked(deadline: .now() + statementTimeout) { (operation) throws(DatabaseError) in
            try handle.script("COMMIT", mustBeInTransaction: true, operation: operation)
        }
        endTransaction()
    }

    /// Undoes the transaction, in a cancelled task too; nothing to do where there is none.
    /// - Throws: where it does, the connection is not usable any more.
    public func rollback() async throws(DatabaseError) {
        guard transaction != nil else { return }
        let handle = self.handle
        await takeTurnUncancellably()
        defer {
            passTurn()
            endTransaction()
        }
        do throws(DatabaseError) {
            try await SQLiteConnection.trip(.unlimited, on: loop) { (_) throws(DatabaseError) in try handle.rollback() }
        } catch {
            isBroken = true
            throw error
        }
    }

    /// Closes the file once the statement that is running has ended; an open transaction is rolled back. Idempotent.
    public func close() async {
        guard !isClosed else { return }
        isClosed = true
        let handle = self.handle
        await takeTurnUncancellably()
        _ = try? await SQLiteConnection.trip(.unlimited, on: loop) { (_) throws(DatabaseError) in handle.close() }
        endTransaction()
        passTurn()
    }

    private func endTransaction() {
        transaction = nil
        guard isWriter else { return }
        isWriter = false
        gate.release()
    }

    // MARK: Trips to the pool

    private typealias Work<R> = @Sendable (SQLiteOperation) throws(DatabaseError) -> R

    /// Repeats a trip that met another process' lock, with the pauses spent on the loop. Only for what has no effect when it
    /// fails for a lock: a statement outside of a transaction, BEGIN and COMMIT.
    private func tripsUntilUnlocked<R: Sendable>(
        deadline: MonotonicInstant, _ work: @escaping Work<R>
    ) async throws(DatabaseError) -> R {
        var pause = SQLiteConnection.firstLockPause
        while true {
            do throws(DatabaseError) {
                return try await trip(deadline: deadline, work)
            } catch {
                guard case .serialization = error else { throw error }
            }
            guard MonotonicInstant.now() + pause < deadline else {
                throw .timeout("waiting for another process' lock on the database")
            }
            // Chance, so that two processes do not knock in step.
            do { try await loop.sleep(for: pause * Double.random(in: 0.5...1)) } catch { throw .cancelled }
            pause = min(pause * 2, SQLiteConnection.maxLockPause)
        }
    }

    private func trip<R: Sendable>(deadline: MonotonicInstant, _ work: @escaping Work<R>) async throws(DatabaseError) -> R {
        try await takeTurn()
        defer { passTurn() }
        guard isUsable else { throw .closed }
        let operation = SQLiteOperation(deadline: deadline, lockPatience: SQLiteConnection.lockPatience)
        return try await SQLiteConnection.trip(operation, on: loop, work)
    }

    private static func trip<R: Sendable>(
        _ operation: SQLiteOperation, on loop: EventLoop, _ work: @escaping Work<R>
    ) async throws(DatabaseError) -> R {
        let result: Result<R, DatabaseError> = await withTaskCancellationHandler {
            do {
                return try await loop.runBlocking { Result { () throws(DatabaseError) in try work(operation) } }
            } catch {
                return .failure(.closed)  // not reached: the work throws nothing
            }
        } onCancel: {
            operation.cancel()
        }
        return try result.get()
    }

    // MARK: One at a time

    /// Waits until the trips that were asked for before have ended; each has its own deadline.
    private func takeTurn() async throws(DatabaseError) {
        guard let turn = queueForTurn() else { return }
        do { try await turn.wait() } catch { throw .cancelled }
    }

    /// For what must happen in a cancelled task too.
    private func takeTurnUncancellably() async {
        guard let turn = queueForTurn() else { return }
        // A task of its own: cancelling this one does not reach it.
        _ = try? await Task(executorPreference: loop) { try await turn.wait() }.value
    }

    /// Nil where it is one's turn at once.
    private func queueForTurn() -> LoopPromise<Void>? {
        guard isRunning else {
            isRunning = true
            return nil
        }
        let turn = LoopPromise<Void>(loop: loop)
        waiters.append(turn)
        return turn
    }

    private func passTurn() {
        while !waiters.isEmpty {
            // False where its task was cancelled while it waited.
            if waiters.removeFirst().succeed(()) { return }
        }
        isRunning = false
    }
}
