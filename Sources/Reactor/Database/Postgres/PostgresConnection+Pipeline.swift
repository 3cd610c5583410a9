// Sending and receiving: the shell around PostgresPipelineState. On-loop.

extension PostgresConnection: TickFlushable {
    // MARK: Sending

    /// Hands a request to libpq.
    /// - Throws: where it cannot be sent at all; otherwise its waiter hears of everything.
    func submit(_ request: PostgresRequest) throws(DatabaseError) {
        try parameters.encode(request.bindings)
        let wasIdle = inFlight == 0
        // A write has its group to itself, so that it failing cannot undo or repeat a neighbour. So has a replay, so that
        // nothing can stand in its way a second time.
        let isAlone = request.isWrite || !isShared || request.replays > 0
        if isAlone, state.openGroup > 0 { sync() }
        guard isUsable, send(request, isAlone: isAlone) else {
            lose()
            throw .connectionLost(commitUnknown: request.isWrite)
        }
        if wasIdle { lastProgress = loop.now }
        arm(request.deadline)
        scheduleFlush()
    }

    private func send(_ request: PostgresRequest, isAlone: Bool) -> Bool {
        session == .own ? sendPrepared(request, isAlone: isAlone) : sendWithText(request, isAlone: isAlone)
    }

    private func sendPrepared(_ request: PostgresRequest, isAlone: Bool) -> Bool {
        let statement = cache.statement(request.sql) { evicted in
            if handle.sendOnce("DEALLOCATE \(evicted)") { state.sentHousekeeping() }
        }
        // DEALLOCATE has opened a group: what is alone does not share it.
        if isAlone, state.openGroup > 0 { sync() }
        guard isUsable else { return false }
        guard var leads = sendBegin() else { return false }
        if !statement.isPrepared {
            guard handle.sendPrepare(name: statement.name, sql: request.sql) else { return false }
            statement.isPrepared = true
            leads.insert(.prepare)
        }
        guard handle.sendExecute(name: statement.name, parameters) else { return false }
        request.statement = statement
        noteSent(request, leads, isAlone: isAlone)
        return true
    }

    /// For a server process that knows nothing of what was sent before: first what holds for this transaction.
    private func sendWithText(_ request: PostgresRequest, isAlone: Bool) -> Bool {
        request.statement = nil
        let beginsGroup = transaction == nil && state.openGroup == 0
        guard var leads = sendBegin() else { return false }
        if beginsGroup || !leads.isEmpty {
            let limit = PostgresSession.limit(configuration.statementTimeout, isExplicit: !leads.isEmpty)
            guard handle.sendOnce(limit) else { return false }
            leads.insert(.settings)
        }
        guard handle.sendUnnamed(request.sql, parameters) else { return false }
        noteSent(request, leads, isAlone: isAlone)
        return true
    }

    /// The transaction's BEGIN, if it has not been sent; nil where that cannot be.
    private func sendBegin() -> PostgresPipelineState<PostgresRequest>.Leads? {
        guard let mode = pendingBegin else { return [] }
        guard handle.sendOnce(mode == .write ? "BEGIN" : "BEGIN READ ONLY") else { return nil }
        pendingBegin = nil
        return .begin
    }

    private func noteSent(_ request: PostgresRequest, _ leads: PostgresPipelineState<PostgresRequest>.Leads, isAlone: Bool) {
        let mayReplay = transaction == nil && request.replays < 2
        if state.sent(request, leads: leads, isAlone: isAlone, mayReplay: mayReplay) { sync() }
    }

    private func sync() {
        guard isUsable else { return }
        state.sentSync()
        if !handle.sendSync() { lose() }
    }

    private func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        loop.onTickEnd(self)
    }

    public func flushTick() {
        isFlushScheduled = false
        guard isUsable else { return }
        if state.openGroup > 0 { sync() }
        flush()
    }

    func flush() {
        guard isUsable else { return }
        switch handle.flush() {
        case .done: watch(.readable)
        case .pending: watch([.readable, .writable])
        case .failed: lose()
        }
    }

    // MARK: Readiness

    func watch(_ events: PollHandle.Events) {
        guard events != watchedEvents else { return }
        watchedEvents = events
        poll?.start(events) { [weak self] ready, errno in
            guard let self else { return }
            if ready.contains(.writable) { self.flush() }
            if ready.contains(.readable) || errno != 0 { self.receive() }
            // libuv has stopped polling a socket whose error reading did not turn up.
            if errno != 0 { self.lose() }
        }
    }

    private func receive() {
        guard isUsable else { return }
        guard handle.consumeInput() else { return lose() }
        lastProgress = loop.now
        if script != nil {
            receiveScript()
        } else {
            receivePipeline()
        }
        guard isUsable, let notificationHandler else { return }
        while let notification = handle.nextNotification() { notificationHandler(notification) }
    }

    private func receivePipeline() {
        // Asked even when nothing is due: libpq then takes in notices and parameter changes.
        while !handle.isBusy, !state.isEmpty {
            guard accept(handle.nextResult()) else { return lose() }
            guard isUsable else { return }
        }
        noteDrained()
    }

    /// - Returns: false where the connection is of no more use.
    private func accept(_ received: PostgresHandle.Received) -> Bool {
        switch received {
        case .result(let result):
            return act(on: state.received(.success), .success(result))
        case .failure(let failure):
            if failure.isLostStatement { noteLostStatement() }
            return act(on: state.received(failure.isStaleStatement ? .stale : .failure), .failure(failure))
        case .aborted:
            let failure = PostgresFailure(sqlState: "25P02", message: "not run, because a statement before it failed")
            return act(on: state.received(.aborted), .failure(failure))
        case .end:
            return state.receivedEnd()
        case .sync:
            guard let confirmation = state.receivedSync() else { return false }
            if let request = confirmation.answered, let answer = request.heldAnswer { request.answer(answer) }
            for request in confirmation.replays { replay(request) }
            return true
        case .unexpected:
            return false
        }
    }

    private func act(
        on action: PostgresPipelineState<PostgresRequest>.Action, _ received: Result<PostgresResult, PostgresFailure>
    ) -> Bool {
        switch action {
        case .ignore:
            return true
        case .notPrepared(let request):
            forget(request)
            return true
        case .answer(let request, let stage, let isFinal):
            var answer = received.mapError { $0.error(isWrite: request.isWrite) }
            if case .failure(let failure) = received {
                if failure.isReadOnly, transaction == .read {
                    // Our own transaction refuses it, and not the server: a fault of the caller's.
                    answer = .failure(.statement(sqlState: failure.sqlState, message: failure.message))
                } else if failure.isReadOnly {
                    noteRefusedWrite()
                } else if failure.endsConnection {
                    observer?(.replacementRequested)
                }
            }
            if case .failure(let failure) = received, stage != .execute || failure.isStaleStatement {
                if stage == .prepare, failure.isOfTheText { request.statement?.refusal = failure.error(isWrite: request.isWrite) }
                forget(request)
            }
            if isFinal {
                request.answer(answer)
            } else {
                request.heldAnswer = answer
            }
            return true
        case .revoke(let request):
            request.heldAnswer = received.mapError { $0.error(isWrite: request.isWrite) }
            return true
        case .violation:
            return false
        }
    }

    /// The statement's text will be prepared anew, under another name.
    private func forget(_ request: PostgresRequest) {
        if let statement = request.statement { cache.invalidate(request.sql, statement) }
    }

    private func replay(_ request: PostgresRequest) {
        guard !request.isAbandoned else { return }
        // Otherwise many executions of a wrong text would prepare it again and again, and run out of replays meanwhile.
        if let refusal = request.statement?.refusal { return request.fail(refusal) }
        request.replays += 1
        do {
            try submit(request)
        } catch {
            request.fail(error)
        }
    }

    // MARK: Deadlines

    /// One timer serves all statements: it looks at them now and then.
    func arm(_ deadline: MonotonicInstant) {
        let due = min(loop.now + configuration.stallThreshold, deadline)
        guard !timer.isActive || due < timerDue else { return }
        timerDue = due
        timer.start(after: due - loop.now) { [weak self] in self?.checkDeadlines() }
    }

    private func checkDeadlines() {
        guard isUsable, inFlight > 0 else { return }
        let now = loop.now
        var next = MonotonicInstant(nanoseconds: .max)
        state.forEachWaiting { request in
            if request.deadline <= now {
                request.fail(.timeout("the statement took too long"))
            } else {
                next = min(next, request.deadline)
            }
        }
        let patience = script?.timeout ?? configuration.statementTimeout
        // The server ends late statements by itself. Where not even that is heard of, it is not there any more.
        if silence > patience + configuration.probeTimeout {
            return shutDown(.timeout("the database does not answer"), event: .lost)
        }
        arm(next)
        if silence >= configuration.stallThreshold { observer?(.stalled) }
    }
}
