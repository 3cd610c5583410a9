// Several statements in one text, as migrations have them. libpq sends those outside of pipeline mode only, so the connection
// leaves it for as long. On-loop; the connection belongs to one caller.

/// A script under way: who waits for it, and its first error.
@safe
final class PostgresScript {
    let timeout: Duration
    private let promise: LoopPromise<Void>
    private var firstError: DatabaseError?
    private var drain: UnsafeContinuation<Void, Never>?
    private var isFinished = false

    init(timeout: Duration, promise: LoopPromise<Void>) {
        self.timeout = timeout
        self.promise = promise
    }

    func note(_ error: DatabaseError) {
        if firstError == nil { firstError = error }
    }

    /// All results are in.
    func finish(_ error: DatabaseError?) {
        isFinished = true
        if let error = firstError ?? error {
            promise.fail(error)
        } else {
            promise.succeed(())
        }
        unsafe drain?.resume()
        unsafe drain = nil
    }

    /// Waits for the results of a script whose caller is gone.
    func drained() async {
        guard !isFinished else { return }
        await unsafe withUnsafeContinuation { unsafe drain = unsafe $0 }
    }
}

extension PostgresConnection {
    /// Runs several statements, outside of a transaction as one (PostgreSQL makes them a transaction of their own).
    ///
    /// The server's own statement timeout is lifted for it. After an error, and after a cancelled wait, the connection is to
    /// be cleaned up by ``rollback()``.
    public func script(_ sql: String) async throws(DatabaseError) {
        guard !Task.isCancelled else { throw .cancelled }
        try checkAcceptsMore()
        guard !isShared, state.isEmpty else {
            throw .statement(sqlState: "55006", message: "a script needs a connection of its own")
        }
        if let mode = pendingBegin {
            pendingBegin = nil
            try await simple(mode == .write ? "BEGIN" : "BEGIN READ ONLY", timeout: configuration.statementTimeout)
        }
        let milliseconds = configuration.scriptTimeout.ceilingMilliseconds
        if transaction == nil, session == .pooled {
            // All of it is one transaction, which the limit is part of.
            return try await simple("SET LOCAL statement_timeout = \(milliseconds); \(sql)", timeout: configuration.scriptTimeout)
        }
        if transaction == nil {
            isTimeoutLifted = true
            try await simple("SET statement_timeout = \(milliseconds)", timeout: configuration.statementTimeout)
        } else {
            try await simple("SET LOCAL statement_timeout = \(milliseconds)", timeout: configuration.statementTimeout)
        }
        try await simple(sql, timeout: configuration.scriptTimeout)
        if isTimeoutLifted {
            try await simple(restoringTimeout, timeout: configuration.statementTimeout)
            isTimeoutLifted = false
        }
    }

    private func simple(_ sql: String, timeout: Duration) async throws(DatabaseError) {
        guard isUsable else { throw .closed }
        guard handle.exitPipelineMode(), handle.sendScript(sql) else {
            lose()
            throw .connectionLost(commitUnknown: false)
        }
        let promise = LoopPromise<Void>(loop: loop)
        script = PostgresScript(timeout: timeout, promise: promise)
        lastProgress = loop.now
        arm(loop.now + timeout)
        flush()
        do {
            try await promise.wait()
        } catch {
            throw error as? DatabaseError ?? .cancelled
        }
    }

    func receiveScript() {
        guard let script else { return }
        while !handle.isBusy {
            switch handle.nextResult() {
            case .result: continue
            case .failure(let failure): script.note(failure.error(isWrite: true))
            case .end:
                self.script = nil
                guard handle.enterPipelineMode() else {
                    script.finish(.connectionLost(commitUnknown: true))
                    return lose()
                }
                return script.finish(nil)
            case .aborted, .sync, .unexpected:
                return lose()
            }
        }
    }
}
