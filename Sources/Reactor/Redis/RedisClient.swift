// The Redis of one loop: one pipelined connection, made when it is first needed and again when it was lost, behind a circuit
// breaker. An actor pinned to its loop; callers on other loops use their own.

/// A client of one Redis server, one a loop.
///
/// Every call ends within ``RedisConfiguration/commandTimeout`` (100 ms) and a few milliseconds: with a reply, or with a
/// ``RedisError`` that tells the caller to do without. After three failures in a row calls fail at once for 5 s; then one of
/// them probes. Commands are never repeated by the client: it cannot know whether a lost one was carried out.
public actor RedisClient {
    public nonisolated let loop: EventLoop
    public nonisolated let configuration: RedisConfiguration
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    private var connection: RedisConnection?
    private var connecting: Task<Void, Never>?
    private var waitingForConnection: [LoopPromise<Void>] = []
    private var breaker: CircuitBreaker
    private var backoff = ReconnectBackoff()
    private var earliestReconnect: MonotonicInstant?
    private var digests: [String: String] = [:]
    private var counters = RedisStatistics()
    private var isShutDown = false

    /// Sends nothing yet. ``shutdown()`` must be called before the loop ends.
    public init(loop: EventLoop, configuration: RedisConfiguration) {
        self.loop = loop
        self.configuration = configuration
        breaker = CircuitBreaker(
            failureThreshold: configuration.breakerThreshold, openInterval: configuration.breakerInterval)
    }

    // MARK: Commands

    /// Sends one command; all commands of one loop tick leave in one write.
    ///
    /// Cancelling the task ends the wait at once with ``RedisError/cancelled``; the command may be carried out all the same.
    /// - Throws: ``RedisError``; an error reply is thrown as ``RedisError/server(_:)``.
    public func execute(_ command: RedisCommand) async throws(RedisError) -> RedisValue {
        try await guarded { connection, deadline throws(RedisError) in
            try await connection.execute(command, deadline: deadline)
        }.unwrapped()
    }

    /// Sends several commands back to back, not as a transaction.
    /// - Returns: a reply each, in order; an error reply is in its place as ``RedisValue/error(_:)``.
    public func execute(_ batch: [RedisCommand]) async throws(RedisError) -> [RedisValue] {
        try await guarded { connection, deadline throws(RedisError) in
            try await connection.execute(batch, deadline: deadline)
        }
    }

    /// Runs a Lua script, atomically on the server.
    ///
    /// By its digest (EVALSHA) once that is known. At first, and after the server has lost its scripts (NOSCRIPT), with its
    /// source (EVAL); a SCRIPT LOAD in the same write has the server compute the digest, so that we need no SHA-1 of our own.
    public func eval(_ script: RedisScript, keys: [String], arguments: [RedisArgument]) async throws(RedisError) -> RedisValue {
        let operands = [.integer(keys.count)] + keys.map { .text($0) } + arguments
        if let digest = digests[script.name] {
            do throws(RedisError) {
                return try await execute(RedisCommand("EVALSHA", [.text(digest)] + operands))
            } catch {
                guard case .server(let reply) = error, reply.code == "NOSCRIPT" else { throw error }
                digests[script.name] = nil
            }
        }
        let replies = try await execute([
            RedisCommand("SCRIPT", "LOAD", .text(script.source)),
            RedisCommand("EVAL", [.text(script.source)] + operands),
        ])
        if case .bytes? = replies.first, let digest = replies.first?.text { digests[script.name] = digest }
        guard replies.count == 2 else { throw .unexpectedReply("\(replies.count) replies to two commands") }
        return try replies[1].unwrapped()
    }

    /// Whether Redis answers, and how fast; a PING through the breaker like any other command. Never throws: for health pages.
    public func health() async -> RedisHealth {
        let start = MonotonicInstant.now()
        do throws(RedisError) {
            _ = try await execute(RedisCommand("PING"))
            return RedisHealth(isUp: true, latency: MonotonicInstant.now() - start, problem: nil)
        } catch {
            return RedisHealth(isUp: false, latency: nil, problem: error)
        }
    }

    /// Counts since the client was made.
    public var statistics: RedisStatistics {
        var snapshot = counters
        snapshot.isConnected = connection?.isOpen ?? false
        snapshot.isBreakerOpen = !breaker.isClosed
        snapshot.commandsInFlight = connection?.commandsInFlight ?? 0
        return snapshot
    }

    /// Closes the connection; commands in flight and later ones fail with ``RedisError/closed``. Idempotent.
    public func shutdown() async {
        isShutDown = true
        connection?.close()
        connection = nil
        connecting?.cancel()
        await connecting?.value
    }

    // MARK: Breaker

    /// Runs `body` with an open connection and reports what came of it to the breaker.
    private func guarded<R>(
        _ body: (RedisConnection, _ deadline: MonotonicInstant) async throws(RedisError) -> R
    ) async throws(RedisError) -> R {
        guard !isShutDown else { throw .closed }
        let now = loop.now
        // While the back-off runs, a command is refused before the breaker sees it: it learns nothing about the server.
        if breaker.isClosed, !canConnect(at: now) {
            counters.refused += 1
            throw .unavailable("waiting to reconnect")
        }
        let admission = breaker.admit(now: now)
        guard admission != .refuse else {
            counters.refused += 1
            throw .unavailable("not tried: it failed repeatedly")
        }
        let start = MonotonicInstant.now()
        do throws(RedisError) {
            let deadline = now + configuration.commandTimeout
            let result = try await body(openConnection(deadline: deadline), deadline)
            breaker.succeeded(admission)
            counters.completed(in: MonotonicInstant.now() - start)
            return result
        } catch {
            if error.isOutage {
                counters.failures += 1
                if error == .timeout { counters.timeouts += 1 }
                breaker.failed(admission, now: loop.now)
            } else if case .cancelled = error {
                breaker.abandoned(admission, now: loop.now)
            } else if case .overloaded = error {
                breaker.abandoned(admission, now: loop.now)
            }
            throw error
        }
    }

    // MARK: Connecting

    private func canConnect(at now: MonotonicInstant) -> Bool {
        if connection?.isOpen == true || connecting != nil { return true }
        guard let earliestReconnect else { return true }
        return now >= earliestReconnect
    }

    /// The connection, waiting for it until `deadline` where there is none. Connecting itself may take longer
    /// (``RedisConfiguration/connectTimeout``) and goes on for the commands to come.
    private func openConnection(deadline: MonotonicInstant) async throws(RedisError) -> RedisConnection {
        if let connection, connection.isOpen { return connection }
        guard waitingForConnection.count < configuration.maxCommandsInFlight else { throw .overloaded }
        if connecting == nil {
            connection = nil
            connecting = Task(executorPreference: loop) { await self.connect() }
        }
        let promise = LoopPromise<Void>(loop: loop)
        waitingForConnection.append(promise)
        let timer = LoopTimer(loop: loop)
        timer.start(after: deadline - loop.now) { promise.fail(RedisError.timeout) }
        defer { timer.stop() }
        do {
            try await promise.wait()
        } catch let error as RedisError {
            throw error
        } catch {
            throw .cancelled
        }
        guard let connection, connection.isOpen else { throw .connectionLost("right after the greeting") }
        return connection
    }

    private func connect() async {
        let result: Result<Void, RedisError>
        do throws(RedisError) {
            let made = try await RedisConnection.connect(configuration, loop: loop)
            if isShutDown {
                made.close()
                throw .closed
            }
            connection = made
            counters.connects += 1
            backoff.succeeded()
            earliestReconnect = nil
            breaker.connected()
            result = .success(())
        } catch {
            var generator = SystemRandomNumberGenerator()
            earliestReconnect = loop.now + backoff.delayAfterFailure(using: &generator)
            counters.connectFailures += 1
            result = .failure(error)
        }
        connecting = nil
        let waiting = waitingForConnection
        waitingForConnection = []
        for promise in waiting {
            switch result {
            case .success: promise.succeed(())
            case .failure(let error): promise.fail(isShutDown ? .closed : error)
            }
        }
    }
}
