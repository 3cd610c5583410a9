// The Redis of one loop: one pipelined connection, made when it is first needed and again when it was lost, behind a circuit
// breaker. An actor pinned to its loop; callers on other loops use their own.

/// A client of one Redis server, one a loop.
///
/// Every call ends within ``RedisConfiguration/commandTimeout`` (100 ms) and a few milliseconds: with a reply, or with a
/// ``RedisError`` that tells the caller to do without. After three failures in a row calls fail at once for 5 s; then one of
/// them probes. After a reply that says that the server cannot serve (READONLY, MISCONF, LOADING ...) they fail at once until
/// ``health()`` finds that it writes again: while it refuses writes, nobody can invalidate what is read from it. Commands are
/// never repeated by the client: it cannot know whether a lost one was carried out.
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
    /// What the server has said, since when it is asked for nothing but whether it writes again.
    private(set) var incapacity: RedisServerError?
    private var nextProbe = MonotonicInstant(nanoseconds: 0)

    /// How often a client that nobody asks for its health looks for itself.
    private static let probeInterval = Duration.milliseconds(500)

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
        let call = try admit()
        let reply: RedisValue
        do throws(RedisError) {
            let connection = if let connection, connection.isOpen { connection } else { try await openConnection(call.deadline) }
            reply = try await connection.execute(command, deadline: call.deadline)
        } catch {
            throw failed(call, error)
        }
        succeeded(call)
        heard(reply)
        return try reply.unwrapped()
    }

    /// Sends several commands back to back, not as a transaction.
    /// - Returns: a reply each, in order; an error reply is in its place as ``RedisValue/error(_:)``.
    public func execute(_ batch: [RedisCommand]) async throws(RedisError) -> [RedisValue] {
        let call = try admit()
        let replies: [RedisValue]
        do throws(RedisError) {
            let connection = if let connection, connection.isOpen { connection } else { try await openConnection(call.deadline) }
            replies = try await connection.execute(batch, deadline: call.deadline)
        } catch {
            throw failed(call, error)
        }
        succeeded(call)
        heard(replies)
        return replies
    }

    // Apart, because what these keep would make the frames of the calls that wait larger: an allocation for each write.

    @inline(never)
    private func heard(_ replies: [RedisValue]) {
        for reply in replies { heard(reply) }
    }

    /// What an error reply says about the server.
    @inline(never)
    private func heard(_ reply: RedisValue) {
        guard case .error(let error) = reply else { return }
        if error.isOutage || error.isOutOfMemory { counters.failures += 1 }
        guard error.isOutage else { return }
        if incapacity == nil { nextProbe = loop.now + RedisClient.probeInterval }
        incapacity = error
        guard error.code == "READONLY" else { return }
        // Where a failover has moved the name or the address, a new connection leads to the new master.
        connection?.close()
        connection = nil
    }

    /// Runs a Lua script, atomically on the server.
    ///
    /// By its digest (EVALSHA) once that is known. At first, and after the server has lost its scripts (NOSCRIPT), with its
    /// source (EVAL); a SCRIPT LOAD in the same write has the server compute the digest, so that we need no SHA-1 of our own.
    public func eval(_ script: RedisScript, keys: [Text], arguments: [RedisArgument]) async throws(RedisError) -> RedisValue {
        if let digest = digests[script.name] {
            do throws(RedisError) {
                return try await execute(RedisCommand("EVALSHA", script: .text(digest), keys: keys, arguments: arguments))
            } catch {
                guard case .server(let reply) = error, reply.code == "NOSCRIPT" else { throw error }
                digests[script.name] = nil
            }
        }
        let replies = try await execute([
            RedisCommand("SCRIPT", "LOAD", .text(script.source)),
            RedisCommand("EVAL", script: .text(script.source), keys: keys, arguments: arguments),
        ])
        if case .bytes? = replies.first, let digest = replies.first?.text { digests[script.name] = digest }
        guard replies.count == 2 else { throw .unexpectedReply("\(replies.count) replies to two commands") }
        return try replies[1].unwrapped()
    }

    /// Whether Redis can do what it is needed for, and how fast: a key is set and removed, by a script too. Goes through the breaker
    /// like any other command. Never throws: for health pages. It also ends the time for which nothing else is asked.
    public func health() async -> RedisHealth {
        let start = MonotonicInstant.now()
        let key = configuration.probeKey
        do throws(RedisError) {
            let replies = try await probe([
                RedisCommand("SET", .text(key), "1", "PX", .integer(1_000)),
                RedisCommand("EVAL", script: "return redis.call('DEL', KEYS[1])", keys: [key], arguments: []),
                RedisCommand("DEL", .text(key)),
            ])
            let errors = replies.compactMap { if case .error(let error) = $0 { error } else { nil } }
            // Of these commands none may be forbidden.
            incapacity = errors.first { $0.isOutage || $0.code == "NOPERM" }
            guard let first = errors.first else {
                return RedisHealth(isUp: true, latency: MonotonicInstant.now() - start, problem: nil)
            }
            return RedisHealth(isUp: false, latency: nil, problem: .server(first))
        } catch {
            return RedisHealth(isUp: false, latency: nil, problem: error)
        }
    }

    /// ``execute(_:)`` for commands that are sent to a server which is asked for nothing else. Apart from it, because one more
    /// asynchronous call costs an allocation, and that one is in each write's way.
    private func probe(_ batch: [RedisCommand]) async throws(RedisError) -> [RedisValue] {
        let call = try admit(isProbe: true)
        do throws(RedisError) {
            let connection = if let connection, connection.isOpen { connection } else { try await openConnection(call.deadline) }
            let replies = try await connection.execute(batch, deadline: call.deadline)
            succeeded(call)
            heard(replies)
            return replies
        } catch {
            throw failed(call, error)
        }
    }

    /// Counts since the client was made.
    public var statistics: RedisStatistics {
        var snapshot = counters
        snapshot.isConnected = connection?.isOpen ?? false
        snapshot.isBreakerOpen = !breaker.isClosed || incapacity != nil
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

    /// One call on its way: what the breaker and the counters want to know when it is over.
    private struct Call {
        let admission: CircuitBreaker.Admission
        let began: MonotonicInstant
        let deadline: MonotonicInstant
    }

    /// - Throws: where nothing shall be tried now.
    private func admit(isProbe: Bool = false) throws(RedisError) -> Call {
        guard !isShutDown else { throw .closed }
        let now = loop.now
        if let incapacity, !isProbe {
            counters.refused += 1
            probe(now)
            throw .unavailable("not tried: it said \(incapacity.code)")
        }
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
        return Call(admission: admission, began: .now(), deadline: now + configuration.commandTimeout)
    }

    /// Sees to it that a server which serves again is found out, also where nobody asks for its health.
    private func probe(_ now: MonotonicInstant) {
        guard now >= nextProbe else { return }
        nextProbe = now + RedisClient.probeInterval
        Task(executorPreference: loop) { _ = await self.health() }
    }

    private func succeeded(_ call: Call) {
        breaker.succeeded(call.admission)
        counters.completed(in: MonotonicInstant.now() - call.began)
    }

    /// - Returns: the error, for the caller to throw.
    private func failed(_ call: Call, _ error: RedisError) -> RedisError {
        if error.isOutage {
            counters.failures += 1
            if error == .timeout { counters.timeouts += 1 }
            breaker.failed(call.admission, now: loop.now)
        } else if case .cancelled = error {
            breaker.abandoned(call.admission, now: loop.now)
        } else if case .overloaded = error {
            breaker.abandoned(call.admission, now: loop.now)
        }
        return error
    }

    // MARK: Connecting

    private func canConnect(at now: MonotonicInstant) -> Bool {
        if connection?.isOpen == true || connecting != nil { return true }
        guard let earliestReconnect else { return true }
        return now >= earliestReconnect
    }

    /// A connection where there is none, waiting for it until `deadline`. Connecting itself may take longer
    /// (``RedisConfiguration/connectTimeout``) and goes on for the commands to come.
    private func openConnection(_ deadline: MonotonicInstant) async throws(RedisError) -> RedisConnection {
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

extension RedisCommand {
    /// A call of a script, by source or digest. Its parts are written one after the other: gathered in one array first they would
    /// cost more than the command.
    fileprivate init(_ name: StaticString, script: RedisArgument, keys: [Text], arguments: [RedisArgument]) {
        let keyBytes = keys.reduce(0) { $0 + $1.utf8.count + 16 }
        self.init(name, reserving: script.wireBytes + keyBytes + arguments.reduce(16) { $0 + $1.wireBytes })
        append(script)
        append(.integer(keys.count))
        for key in keys { append(.text(key)) }
        for argument in arguments { append(argument) }
    }
}
