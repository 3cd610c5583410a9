// Whether the database answers, and the pool's end. On the pool's loop.

public import Reactor

extension DatabasePool {
    /// What the pool has done and is doing.
    public var statistics: PoolStatistics {
        var snapshot = counters
        for lane in lanes {
            snapshot.size += lane.state.size
            snapshot.inUse += lane.state.leased
            snapshot.waiters += lane.state.waiting
            snapshot.inFlight += lane.inFlight
        }
        return snapshot
    }

    /// For how long a refusal counts. A service that is not ready gets no further writes to learn from; and a write that went well says
    /// little, because a small one finds room where others do not.
    private static let incapacityMemory = Duration.seconds(5)

    /// Checks that the database can do what requests need: run a statement, write, and give another transaction a connection.
    /// PostgreSQL has ``DatabaseConfiguration/probeTimeout`` for each; SQLite's file is read as by any statement.
    /// - Parameter probe: PostgreSQL: a statement that the server refuses where it refuses writes, and that writes nothing. A missing
    ///   table is no problem.
    public func health(trying probe: SQLStatement? = nil) async -> PoolHealth {
        start()
        let begin = MonotonicInstant.now()
        activeCalls += 1
        defer { leave() }
        let problem = isShuttingDown ? .closed : await problem(trying: probe)
        let latency = MonotonicInstant.now() - begin
        let now = statistics
        return PoolHealth(problem: problem, latency: latency, size: now.size, inUse: now.inUse, waiters: now.waiters)
    }

    /// Remembers that the database refused to serve.
    func note(_ error: DatabaseError) {
        guard case .incapable(let reason) = error else { return }
        switch reason {
        // One statement wanted too much; the next ones may not.
        case .exhausted: return
        // PostgreSQL's probe finds out itself whether writes are refused.
        case .readOnly where dialect == .postgres: return
        case .readOnly, .storageFull, .damaged, .fileGone, .unsuitable: incapacity = (reason, .now())
        }
    }

    private func problem(trying probe: SQLStatement?) async -> DatabaseError? {
        do throws(DatabaseError) {
            switch dialect {
            case .sqlite: try await tryFile()
            case .postgres: try await tryServer(probe)
            }
        } catch {
            return error
        }
        guard let incapacity, MonotonicInstant.now() - incapacity.since < DatabasePool.incapacityMemory else { return nil }
        return .incapable(incapacity.reason)
    }

    private func tryFile() async throws(DatabaseError) {
        if case .sqlite(let path) = configuration.location, let known = fileIdentity {
            let found = try? await loop.runBlocking {
                (identity: SQLiteFileIdentity(path: path), isWritable: SQLiteFileIdentity.isWritable(path: path))
            }
            // Where it has come back, what was written to it is there again.
            isFileGone = found?.identity != known
            if isFileGone { throw .incapable(.fileGone) }
            if found?.isWritable != true { throw .incapable(.readOnly) }
        }
        _ = try await execute(.read("SELECT 1"), [])
    }

    private func tryServer(_ probe: SQLStatement?) async throws(DatabaseError) {
        guard let connection = sharedConnections.first(where: \.isUsable) else {
            // Nothing is connected. At the start that is no bad sign yet: wait for the first attempt.
            guard !lanes[0].state.isAway, lanes[0].state.connecting > 0 else { throw lanes[0].state.lastFailure }
            _ = try await sharedConnection()
            return
        }
        // The way that requests take, unless somebody's slow statement blocks it.
        guard connection.silence < configuration.stallThreshold else {
            if await isServerAlive() { return }
            throw .unavailable("the database does not answer")
        }
        do throws(DatabaseError) {
            try await connection.ping(within: configuration.probeTimeout, trying: probe)
        } catch .statement(sqlState: "42P01", _) {
            // Before the migrations; which of them are missing is another question.
        }
        // Without a connection for a transaction there is no login and hardly a write: the server may have let in one, and no more.
        guard lastLane.state.size == 0 else { return }
        let (id, _) = try await lease(lastLane)
        await giveBack(id, lastLane, isClean: true)
    }

    // MARK: A server that does not answer

    /// A statement waits for longer than is usual: is it slow, or is the server stopped? A stopped server keeps its sockets
    /// open, and nothing but asking tells.
    func probeAfterStall() {
        guard !isProbing, !isShuttingDown else { return }
        isProbing = true
        Task(executorPreference: loop) { await self.probe() }
    }

    private func probe() async {
        activeCalls += 1
        defer {
            isProbing = false
            leave()
        }
        guard await !isServerAlive(), hasStalledConnection else { return }
        let reason = DatabaseError.unavailable("the database does not answer")
        for lane in lanes {
            perform(lane.state.serverWentAway(reason, now: loop.now, dice: .random(in: 0..<1)), lane)
        }
    }

    private var hasStalledConnection: Bool {
        lanes.contains { lane in
            lane.connections.values.contains {
                (($0 as? PostgresConnection)?.silence ?? .zero) >= configuration.stallThreshold
            }
        }
    }

    /// Asks on a way that no statement blocks: an idle connection, or a new one.
    private func isServerAlive() async -> Bool {
        guard case .postgres(let endpoint) = configuration.location, let lane = lanes.last else { return true }
        if lane.state.hasIdle, case (.granted(let id), _) = lane.state.lease(now: loop.now),
            let connection = lane.connections[id] as? PostgresConnection
        {
            let isAlive = (try? await connection.ping(within: configuration.probeTimeout)) != nil
            // Without an answer there is nothing to drain, and cancelling would take as long again.
            if !isAlive { connection.abandon(reason: "the database does not answer") }
            perform(lane.state.release(id, isUsable: connection.isUsable, now: loop.now), lane)
            return isAlive
        }
        do throws(DatabaseError) {
            let connection = try await PostgresConnection.connect(
                to: endpoint, configuration: configuration, isShared: false, loop: loop,
                timeout: configuration.probeTimeout)
            await connection.close()
            return true
        } catch {
            // Any refusal is an answer ("too many clients"); only silence is none.
            if case .timeout = error { return false }
            return true
        }
    }

    // MARK: The end

    /// Refuses new calls, waits for those under way (at most ``DatabaseConfiguration/statementTimeout``), and closes all
    /// connections. To be awaited before the loop ends. Idempotent.
    public func shutdown() async {
        isShuttingDown = true
        await waitUntilQuiet()
        for task in opening.values { task.cancel() }
        for lane in lanes { perform(lane.state.close(), lane) }
        await waitUntilQuiet()
        timer?.stop()
        timer = nil
    }

    /// No call is under way; once the connections are being closed, none is left either.
    private var isQuiet: Bool {
        guard activeCalls == 0 else { return false }
        guard lanes.contains(where: \.state.isClosing) else { return true }
        return lanes.allSatisfy(\.state.isEmpty) && closing.isEmpty && opening.isEmpty
    }

    func checkQuiet() {
        guard !quietWaiters.isEmpty, isQuiet else { return }
        for waiter in quietWaiters { waiter.succeed(()) }
        quietWaiters.removeAll()
    }

    private func waitUntilQuiet() async {
        guard !isQuiet else { return }
        let promise = LoopPromise<Void>(loop: loop)
        quietWaiters.append(promise)
        let limit = LoopTimer(loop: loop)
        limit.start(after: configuration.statementTimeout) { promise.succeed(()) }
        defer { limit.stop() }
        try? await promise.wait()
    }
}
