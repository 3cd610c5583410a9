// How many pieces of work may go on at once, of those that a loop has started elsewhere. An actor pinned to its loop.

/// A counting semaphore with waiters in order.
public actor LoopSemaphore {
    public nonisolated let loop: EventLoop
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    private var permits: Int
    private var waiters: [LoopPromise<Void>] = []

    /// - Parameter permits: how many holders there may be at once; at least one.
    public init(loop: EventLoop, permits: Int) {
        self.loop = loop
        self.permits = max(1, permits)
    }

    /// Runs `body` with a permit, which is given back however it ends. First come, first served; the queue is as long as
    /// there are callers.
    ///
    /// Cancelling the task ends the wait for the permit; what it does to `body` is for `body` to say.
    /// - Throws: `CancellationError`, and what `body` throws.
    public nonisolated func withPermit<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await acquire()
        do {
            let result = try await body()
            await release()
            return result
        } catch {
            await release()
            throw error
        }
    }

    /// Throws where the task is cancelled before its turn; no permit is held then.
    private func acquire() async throws {
        try Task.checkCancellation()
        guard permits == 0 else {
            permits -= 1
            return
        }
        let turn = LoopPromise<Void>(loop: loop)
        waiters.append(turn)
        try await turn.wait()
    }

    /// Gives a permit back, to the one who has waited longest.
    private func release() {
        while !waiters.isEmpty {
            // False for one that was cancelled: it does not take its turn. The permit is handed over, and so not counted anew.
            if waiters.removeFirst().succeed(()) { return }
        }
        permits += 1
    }
}
