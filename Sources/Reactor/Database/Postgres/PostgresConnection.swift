// A PostgreSQL connection in pipeline mode. Owns libpq's handle, its socket's poll handle, the table of what is in flight and
// one timer. Loop-bound: made, used and closed on its loop's thread.
//
// System calls: statements gather in libpq's buffer during a tick. The reads of one tick share one Sync, and libpq 15 sends
// when a Sync is made, so they leave in one `send`; each write has a Sync, and so a `send`, of its own. Results of many
// statements arrive in one `recv`.

/// What a connection reports to its pool, on the loop, outside of any call of the pool's.
public enum PostgresConnectionEvent: Sendable {
    /// The oldest statement is unanswered for longer than ``DatabaseConfiguration/stallThreshold``; repeated while it lasts.
    case stalled
    /// The connection broke; everything in flight has failed.
    case lost
    /// A new connection should take this one's place: its server refuses writes, or has said that it ends. What is in flight goes on.
    case replacementRequested
}

/// One connection to PostgreSQL.
@safe
public final class PostgresConnection: DatabaseConnection {
    public let loop: EventLoop
    let handle: PostgresHandle
    let configuration: DatabaseConfiguration
    let timer: LoopTimer

    var poll: PollHandle?
    var state = PostgresPipelineState<PostgresRequest>()
    var cache = PostgresStatementCache()
    var parameters = PostgresParameters()
    var isFlushScheduled = false
    /// When the timer fires next; meaningless while it is stopped.
    var timerDue = MonotonicInstant(nanoseconds: 0)
    /// The last time that the server was seen at work, or had nothing to do.
    var lastProgress: MonotonicInstant
    var watchedEvents: PollHandle.Events = []
    private let connectedAt: MonotonicInstant
    private var drain: LoopPromise<Void>?
    /// True where several callers use the connection at a time: their reads of one tick share a Sync.
    let isShared: Bool
    /// What may be left on the server between two transactions. Detected while connecting; becomes ``PostgresSession/pooled`` when a
    /// prepared statement turns out to be lost.
    public internal(set) var session: PostgresSession
    var transaction: TransactionMode?
    /// BEGIN is sent together with the transaction's first statement.
    var pendingBegin: TransactionMode?
    var script: PostgresScript?
    /// A script has lifted the server's statement timeout, and it has not been set again.
    var isTimeoutLifted = false

    /// False once the connection is broken or closed.
    public internal(set) var isUsable = true
    /// Called on the loop when something happens that nobody asked for.
    public var observer: (@Sendable (PostgresConnectionEvent) -> Void)?
    /// Called on the loop with each NOTIFY on a channel that this connection listens to.
    public var notificationHandler: (@Sendable (PostgresNotification) -> Void)?

    private init(
        loop: EventLoop, handle: PostgresHandle, configuration: DatabaseConfiguration, isShared: Bool, session: PostgresSession
    ) {
        self.loop = loop
        self.isShared = isShared
        self.session = session
        self.handle = handle
        self.configuration = configuration
        timer = LoopTimer(loop: loop)
        lastProgress = .now()
        connectedAt = lastProgress
    }

    deinit {
        // The poll handle goes first: libuv must not watch a descriptor that is closed, or that is another one by then.
        poll?.close()
        if loop.isOnLoop {
            handle.finish()
        } else if let remains = handle.surrender() {
            loop.post { remains.finish() }
        }
    }

    /// Connects. On-loop.
    /// - Parameters:
    ///   - isShared: whether several callers will use it at a time; transactions and scripts need one that is not.
    ///   - timeout: for all of it; ``DatabaseConfiguration/connectTimeout`` where it is left out.
    /// - Throws: `.unavailable`, `.timeout`; `.cancelled` when the task is cancelled.
    public static func connect(
        to endpoint: PostgresEndpoint, configuration: DatabaseConfiguration, isShared: Bool, loop: EventLoop,
        timeout: Duration? = nil
    ) async throws(DatabaseError) -> PostgresConnection {
        let deadline = MonotonicInstant.now() + (timeout ?? configuration.connectTimeout)
        var session: PostgresSession = configuration.preparedStatements == .off ? .pooled : .own
        let handle: PostgresHandle
        do throws(DatabaseError) {
            handle = try await open(endpoint, session, configuration, loop, deadline)
        } catch {
            guard configuration.preparedStatements == .auto, PostgresSession.isRefusal(error) else { throw error }
            session = .pooled
            handle = try await open(endpoint, session, configuration, loop, deadline)
        }
        let isUncertain = configuration.preparedStatements == .auto && session == .own
        let connection = PostgresConnection(
            loop: loop, handle: handle, configuration: configuration, isShared: isShared, session: isUncertain ? .pooled : session)
        do {
            connection.poll = try PollHandle(loop: loop, fileDescriptor: handle.fileDescriptor)
        } catch {
            throw .unavailable("\(error)")
        }
        connection.watch(.readable)
        if isUncertain { try await connection.detectPooler(before: deadline) }
        return connection
    }

    private static func open(
        _ endpoint: PostgresEndpoint, _ session: PostgresSession, _ configuration: DatabaseConfiguration, _ loop: EventLoop,
        _ deadline: MonotonicInstant
    ) async throws(DatabaseError) -> PostgresHandle {
        try await PostgresConnector.connect(
            to: endpoint, statementTimeout: configuration.statementTimeout, session: session, timeout: deadline - .now(), loop: loop)
    }

    /// A pooler greets with a process id that it has made up. In doubt it is one: what is right for it is right, if slower, for any server.
    private func detectPooler(before deadline: MonotonicInstant) async throws(DatabaseError) {
        do throws(DatabaseError) {
            let rows = try await execute("SELECT pg_backend_pid()", [], isWrite: false, timeout: deadline - .now())
            if try rows.first?.int(0) == Int64(handle.serverProcess) { session = .own }
        } catch {
            await close()
            throw error
        }
    }

    public var dialect: SQLDialect { .postgres }

    public var inFlight: Int { state.requestCount + (script == nil ? 0 : 1) }

    /// How long the oldest statement has been waiting while the server answered nothing. On-loop.
    public var silence: Duration {
        inFlight == 0 ? .zero : loop.now - lastProgress
    }

    // MARK: Statements

    /// Runs a statement; many may be under way at a time.
    ///
    /// Cancelling the task ends the wait; the statement itself is drained, and its result dropped. In a transaction it is
    /// cancelled on the server by ``rollback()``.
    public func execute(_ statement: SQLStatement, _ bindings: [SQLValue]) async throws(DatabaseError) -> SQLRows {
        try await execute(
            statement.postgres, bindings, isWrite: statement.kind == .write, timeout: configuration.statementTimeout)
    }

    public func ping() async throws(DatabaseError) {
        try await ping(within: configuration.statementTimeout)
    }

    /// One round trip, after what is in flight.
    /// - Parameter probe: a statement to try; nil is one that asks for nothing.
    public func ping(within limit: Duration, trying probe: SQLStatement? = nil) async throws(DatabaseError) {
        let isWrite = probe?.kind == .write
        _ = try await execute(probe?.postgres ?? "SELECT 1", [], isWrite: isWrite, timeout: limit)
    }

    private func execute(
        _ sql: String, _ bindings: [SQLValue], isWrite: Bool, timeout: Duration
    ) async throws(DatabaseError) -> SQLRows {
        guard !Task.isCancelled else { throw .cancelled }
        try checkAcceptsMore()
        let promise = LoopPromise<SQLRows>(loop: loop)
        let request = PostgresRequest(
            sql: sql, bindings: bindings, isWrite: isWrite, submitted: loop.now, timeout: timeout, promise: promise)
        try submit(request)
        do {
            return try await promise.wait()
        } catch let error as DatabaseError {
            throw error
        } catch {
            request.abandon()
            throw .cancelled
        }
    }

    func checkAcceptsMore(_ count: Int = 1) throws(DatabaseError) {
        guard isUsable else { throw .closed }
        guard script == nil else {
            throw .statement(sqlState: "55006", message: "the connection is running a script")
        }
        guard count <= configuration.maxStatementsInFlight - state.requestCount else {
            throw .unavailable("too many statements are in flight")
        }
    }

    // MARK: Ending

    /// A statement that we have prepared is not there, or is another's: somebody stands between us and the server after all.
    func noteLostStatement() {
        if configuration.preparedStatements == .auto { session = .pooled }
    }

    /// Tells the owner that a connection to another server is wanted. One that was made a moment ago led to the same server: asking
    /// again waits for as long as connecting again after failures does.
    func noteRefusedWrite() {
        guard loop.now - connectedAt > configuration.longestReconnectDelay else { return }
        observer?(.replacementRequested)
    }

    /// Waits until nothing is in flight, and closes. For a connection that gets no more statements. Takes at most
    /// ``DatabaseConfiguration/statementTimeout`` and ``DatabaseConfiguration/probeTimeout``; cancelling the task closes at once.
    public func drainAndClose() async {
        if isUsable, inFlight > 0 {
            let promise = LoopPromise<Void>(loop: loop)
            drain = promise
            try? await promise.wait()
        }
        await close()
    }

    /// Called when a request is settled, and when the connection ends.
    func noteDrained() {
        guard let drain, !isUsable || inFlight == 0 else { return }
        self.drain = nil
        drain.succeed(())
    }

    /// Closes the connection. Statements in flight fail; a caller that wants their answers awaits them before. Idempotent.
    public func close() async {
        shutDown(.closed, event: nil)
    }

    /// Gives the connection up because the server does not answer: reads in flight fail as `.unavailable`, writes as
    /// `.connectionLost(commitUnknown: true)`.
    public func abandon(reason: String) {
        shutDown(.unavailable(reason), event: nil)
    }

    /// The connection broke.
    func lose() {
        shutDown(.connectionLost(commitUnknown: false), event: .lost)
    }

    /// Everything in flight fails with `error`, but for writes, whose end nobody knows.
    func shutDown(_ error: DatabaseError, event: PostgresConnectionEvent?) {
        guard isUsable else { return }
        isUsable = false
        timer.stop()
        poll?.close()
        poll = nil
        handle.finish()
        for request in state.abandonAll() {
            request.fail(request.isWrite ? .connectionLost(commitUnknown: true) : error)
        }
        script?.finish(.connectionLost(commitUnknown: true))
        script = nil
        noteDrained()
        if let event { observer?(event) }
    }
}
