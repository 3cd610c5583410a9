// A pool's connections: made, leased, given back, lost. The decisions are PoolState's; this carries them out. On the pool's
// loop.

import Reactor

extension DatabasePool {
    /// Opens the connections that are always open. Done by the first call; calling it earlier saves that one the time.
    public func start() {
        guard !isStarted, !isShuttingDown else { return }
        isStarted = true
        for lane in lanes where lane.role == .shared {
            perform(lane.state.start(now: loop.now), lane)
        }
    }

    // MARK: Leases

    /// A connection that all callers share; the one with the fewest statements in flight.
    func sharedConnection() async throws(DatabaseError) -> PostgresConnection {
        if sharedConnections.count == 1, sharedConnections[0].isUsable { return sharedConnections[0] }
        let usable = sharedConnections.filter(\.isUsable)
        if let best = usable.min(by: { $0.inFlight < $1.inFlight }) { return best }
        let (_, connection) = try await lease(lanes[0])
        guard let connection = connection as? PostgresConnection else { throw .closed }
        return connection
    }

    /// Waits for a connection, first come, first served.
    func lease(_ lane: PoolLane) async throws(DatabaseError) -> (PoolState.ConnectionID, any DatabaseConnection) {
        let id: PoolState.ConnectionID
        // While the shared connections are away there is no point in asking for others.
        if lane.role == .exclusive, lanes[0].state.isAway, lane.state.size == 0 { throw lanes[0].state.lastFailure }
        let (lease, actions) = lane.state.lease(now: loop.now)
        switch lease {
        case .granted(let granted):
            id = granted
        case .refused(let error):
            throw error
        case .queued(let waiter):
            let promise = LoopPromise<PoolState.ConnectionID>(loop: loop)
            lane.waiters[waiter] = promise
            perform(actions, lane)
            do {
                id = try await promise.wait()
            } catch {
                lane.waiters[waiter] = nil
                lane.state.cancelled(waiter)
                throw error as? DatabaseError ?? .cancelled
            }
        }
        guard let connection = lane.connections[id] else { throw .connectionLost(commitUnknown: false) }
        return (id, connection)
    }

    /// Ends a lease. What is not known to be clean is rolled back and drained first; what cannot be is closed.
    func giveBack(_ id: PoolState.ConnectionID, _ lane: PoolLane, isClean: Bool) async {
        guard let connection = lane.connections[id] else { return }
        if !isClean || connection.inFlight > 0, connection.isUsable { try? await connection.rollback() }
        perform(lane.state.release(id, isUsable: connection.isUsable, now: loop.now), lane)
    }

    // MARK: Actions

    func perform(_ actions: [PoolState.Action], _ lane: PoolLane) {
        for action in actions {
            switch action {
            case .connect(let id):
                let role = lane.role
                opening[id] = Task(executorPreference: loop) { await self.open(id, role) }
            case .grant(let waiter, let id):
                let isTaken = lane.waiters.removeValue(forKey: waiter)?.succeed(id) ?? false
                // Its task was cancelled in the meantime: the connection is the next one's.
                if !isTaken { perform(lane.state.release(id, isUsable: true, now: loop.now), lane) }
            case .fail(let waiter, let error):
                lane.waiters.removeValue(forKey: waiter)?.fail(error)
            case .close(let id):
                close(id, lane)
            case .retire(let id):
                retire(id, lane)
            }
        }
        arm()
    }

    private func close(_ id: PoolState.ConnectionID, _ lane: PoolLane) {
        guard let connection = lane.connections.removeValue(forKey: id) else { return checkQuiet() }
        sharedConnections.removeAll { $0 === connection }
        if let connection = connection as? PostgresConnection {
            connection.observer = nil
            connection.abandon(reason: "the database does not answer")
            return checkQuiet()
        }
        lastClosing += 1
        let key = lastClosing
        closing[key] = connection
        Task(executorPreference: loop) { await self.finishClosing(key) }
    }

    /// Lets go of a connection that callers may still be waiting on.
    private func retire(_ id: PoolState.ConnectionID, _ lane: PoolLane) {
        guard let connection = lane.connections.removeValue(forKey: id) as? PostgresConnection else { return checkQuiet() }
        sharedConnections.removeAll { $0 === connection }
        connection.observer = nil
        lastClosing += 1
        let key = lastClosing
        closing[key] = connection
        Task(executorPreference: loop) { await self.finishClosing(key) }
    }

    private func finishClosing(_ key: Int) async {
        if let connection = closing[key] as? PostgresConnection {
            await connection.drainAndClose()
        } else {
            await closing[key]?.close()
        }
        closing[key] = nil
        checkQuiet()
    }

    private func open(_ id: PoolState.ConnectionID, _ role: PoolRole) async {
        guard let lane = lanes.first(where: { $0.role == role }) else { return }
        do throws(DatabaseError) {
            let connection = try await connect(role)
            opening[id] = nil
            counters.connects += 1
            adopt(connection, id, lane)
        } catch {
            opening[id] = nil
            counters.connectFailures += 1
            let reason: DatabaseError = error == .cancelled ? .unavailable("the pool is closing") : error
            perform(lane.state.connectFailed(id, reason: reason, now: loop.now, dice: .random(in: 0..<1)), lane)
            checkQuiet()
        }
    }

    private func connect(_ role: PoolRole) async throws(DatabaseError) -> any DatabaseConnection {
        switch configuration.location {
        case .postgres(let endpoint):
            try await PostgresConnection.connect(
                to: endpoint, configuration: configuration, isShared: role == .shared, loop: loop)
        case .sqlite(let path):
            try await SQLiteConnection.open(
                path: path, readOnly: role == .readers, loop: loop, configuration: configuration)
        }
    }

    private func adopt(_ connection: any DatabaseConnection, _ id: PoolState.ConnectionID, _ lane: PoolLane) {
        if let connection = connection as? SQLiteConnection, fileIdentity == nil { fileIdentity = connection.fileIdentity }
        lane.connections[id] = connection
        if let connection = connection as? PostgresConnection {
            if lane.role == .shared { sharedConnections.append(connection) }
            observe(connection, id, lane.role)
        }
        perform(lane.state.connected(id, now: loop.now), lane)
        // The server is there again: whoever waits for another connection need not wait for its back-off.
        for other in lanes where other !== lane { perform(other.state.serverReturned(now: loop.now), other) }
    }

    // MARK: Events

    private func observe(_ connection: PostgresConnection, _ id: PoolState.ConnectionID, _ role: PoolRole) {
        let observer: @Sendable (PostgresConnectionEvent) -> Void = { [weak self] event in
            guard let self else { return }
            // Posted: the connection may be reporting from inside of a call of ours.
            self.loop.post { self.assumeIsolated { $0.observed(event, id, role) } }
        }
        connection.observer = observer
    }

    private func observed(_ event: PostgresConnectionEvent, _ id: PoolState.ConnectionID, _ role: PoolRole) {
        guard let lane = lanes.first(where: { $0.role == role }) else { return }
        switch event {
        case .lost: perform(lane.state.lost(id, now: loop.now, dice: .random(in: 0..<1)), lane)
        case .stalled: probeAfterStall()
        case .replacementRequested: perform(lane.state.replace(id, now: loop.now), lane)
        }
    }

    // MARK: Time

    /// One timer for all deadlines of the pool's queues and for the next attempt to connect.
    private func arm() {
        guard let next = lanes.compactMap(\.state.nextTick).min() else {
            timer?.stop()
            return
        }
        let timer = self.timer ?? LoopTimer(loop: loop)
        self.timer = timer
        let body: @Sendable () -> Void = { [weak self] in self?.assumeIsolated { $0.tick() } }
        timer.start(after: max(.zero, next - loop.now), body)
    }

    private func tick() {
        for lane in lanes { perform(lane.state.tick(now: loop.now), lane) }
    }
}
