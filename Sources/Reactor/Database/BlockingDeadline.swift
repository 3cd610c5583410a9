// Waiting for blocking work no longer than one is willing to. Loop-bound.

extension EventLoop {
    /// Runs `work` on the blocking pool and waits at most `limit` for it. On-loop.
    ///
    /// The work itself goes on after the limit, and its result is dropped. Cancelling the task does not end the wait: callers
    /// clean up after cancelled statements.
    /// - Throws: what `work` throws; `ETIMEDOUT` as ``TransportError`` after the limit.
    func runBlocking<T: Sendable>(within limit: Duration, _ work: @escaping @Sendable () throws -> T) async throws -> T {
        let race = BlockingRace<T>(loop: self)
        Task(executorPreference: self) {
            do {
                race.settle(.success(try await self.runBlocking(work)))
            } catch {
                race.settle(.failure(error))
            }
        }
        return try await race.first(within: limit)
    }
}

/// The work's result or the deadline, whichever is first.
// SAFETY: touched on the loop's thread only: the task above prefers the loop, and the timer fires on it.
@safe
private final class BlockingRace<T: Sendable>: @unchecked Sendable {
    private let loop: EventLoop
    private var continuation: UnsafeContinuation<T, any Error>?
    private var result: Result<T, any Error>?

    init(loop: EventLoop) {
        self.loop = loop
    }

    func settle(_ result: Result<T, any Error>) {
        guard self.result == nil else { return }
        self.result = result
        unsafe continuation?.resume(with: result)
        unsafe continuation = nil
    }

    func first(within limit: Duration) async throws -> T {
        let timer = LoopTimer(loop: loop)
        timer.start(after: limit) { self.settle(.failure(TransportError.timedOut("blocking work"))) }
        defer { timer.stop() }
        return try await unsafe withUnsafeThrowingContinuation { continuation in
            if let result {
                unsafe continuation.resume(with: result)
            } else {
                unsafe self.continuation = unsafe continuation
            }
        }
    }
}
