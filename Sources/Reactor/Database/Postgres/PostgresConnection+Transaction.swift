// Transactions on a connection that belongs to one caller for as long. On-loop.

extension PostgresConnection {
    /// Begins a transaction. BEGIN goes out with the first statement: that saves a round trip.
    public func begin(_ mode: TransactionMode) async throws(DatabaseError) {
        try checkAcceptsMore()
        guard !isShared, transaction == nil, inFlight == 0 else {
            throw .statement(sqlState: "25001", message: "a transaction needs a connection of its own")
        }
        transaction = mode
        pendingBegin = mode
    }

    /// Commits, and waits for the answer even in a cancelled task.
    public func commit() async throws(DatabaseError) {
        guard let mode = transaction else { throw .statement(sqlState: "25P01", message: "there is no transaction") }
        guard inFlight == 0 else {
            throw .statement(sqlState: "25001", message: "a statement of the transaction is still under way")
        }
        if pendingBegin == nil {
            let answer = try await uncancellably("COMMIT", isWrite: mode == .write)
            guard answer.commandTag == "COMMIT" else {
                // A transaction with a failed statement ends in ROLLBACK whatever one says.
                endTransaction()
                throw .statement(sqlState: "25P02", message: "rolled back, because a statement of the transaction failed")
            }
        }
        endTransaction()
    }

    /// Rolls back, and waits for the answer even in a cancelled task. What is still running is cancelled on the server first.
    ///
    /// Outside of a transaction it only cancels and drains what is in flight.
    public func rollback() async throws(DatabaseError) {
        guard isUsable else { throw .closed }
        do throws(DatabaseError) {
            if inFlight > 0 { try await cancelRunning() }
            if transaction != nil, pendingBegin == nil { _ = try await uncancellably("ROLLBACK", isWrite: false) }
            if isTimeoutLifted {
                _ = try await uncancellably(restoringTimeout, isWrite: false)
                isTimeoutLifted = false
            }
            guard handle.isIdle, inFlight == 0 else {
                throw DatabaseError.statement(sqlState: "25001", message: "the transaction did not end")
            }
            endTransaction()
        } catch {
            shutDown(error, event: .lost)
            throw error
        }
    }

    /// Sets the server's limit to what it was when the connection was made.
    var restoringTimeout: String {
        "SET statement_timeout = \(configuration.statementTimeout.ceilingMilliseconds)"
    }

    private func endTransaction() {
        transaction = nil
        pendingBegin = nil
    }

    /// Cancels what is running and waits until all of it is answered.
    private func cancelRunning() async throws(DatabaseError) {
        guard let canceller = handle.makeCanceller(), await canceller.send(on: loop, within: configuration.probeTimeout)
        else { throw .timeout("cancelling a statement") }
        guard isUsable else { throw .connectionLost(commitUnknown: false) }
        if let script { return await script.drained() }
        do throws(DatabaseError) {
            // Answers come in order: with this one, all before it have come.
            _ = try await uncancellably("SELECT 1", isWrite: false)
        } catch {
            // A failed transaction answers nothing but this until its ROLLBACK, which is next.
            if case .statement(sqlState: "25P02", _) = error { return }
            throw error
        }
    }

    private func uncancellably(_ sql: String, isWrite: Bool) async throws(DatabaseError) -> SQLRows {
        try checkAcceptsMore()
        let result = await unsafe withUnsafeContinuation { continuation in
            let request = unsafe PostgresRequest(
                sql: sql, isWrite: isWrite, submitted: loop.now, timeout: configuration.statementTimeout,
                continuation: continuation)
            do throws(DatabaseError) {
                try submit(request)
            } catch {
                request.fail(error)
            }
        }
        return try result.get()
    }
}
