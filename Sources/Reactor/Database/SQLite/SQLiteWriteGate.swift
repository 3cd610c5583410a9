// The queue of a file's writers. SQLite lets one transaction write at a time and makes the others poll, each on a thread of
// its own: eight waiting writers would occupy the whole blocking pool, and the one that holds the lock could not commit.
// So writers of this process wait here, first come, first served, each suspended on its own loop.
//
// One gate a file and process; any thread (its state is behind a mutex, promises are settled on their loops).

/// Admits one writer of a database file at a time.
final class SQLiteWriteGate: Sendable {
    private struct State {
        var isHeld = false
        var waiters: [LoopPromise<Void>] = []
    }

    private struct Registered {
        weak var gate: SQLiteWriteGate?
    }

    private static let registry = Lock<[String: Registered]>([:])

    private let state = Lock(State())

    init() {}

    /// The gate of the file at `path`: the same object for as long as somebody holds it.
    static func shared(path: String) -> SQLiteWriteGate {
        registry.withLock { registry in
            if let gate = registry[path]?.gate { return gate }
            let gate = SQLiteWriteGate()
            registry = registry.filter { $0.value.gate != nil }
            registry[path] = Registered(gate: gate)
            return gate
        }
    }

    /// Waits to be the writer. On-loop.
    /// - Throws: `.timeout` after `patience`; `.cancelled` as soon as the task is cancelled.
    func acquire(on loop: EventLoop, patience: Duration) async throws(DatabaseError) {
        let promise: LoopPromise<Void>? = state.withLock { state in
            guard state.isHeld else {
                state.isHeld = true
                return nil
            }
            let promise = LoopPromise<Void>(loop: loop)
            state.waiters.append(promise)
            return promise
        }
        guard let promise else { return }
        let timer = LoopTimer(loop: loop)
        timer.start(after: patience) { promise.fail(DatabaseError.timeout("waiting for the database's write lock")) }
        defer { timer.stop() }
        do {
            try await promise.wait()
        } catch {
            state.withLock { $0.waiters.removeAll { $0 === promise } }
            throw error as? DatabaseError ?? .cancelled
        }
    }

    /// Lets the next writer in. Any thread; once for each ``acquire(on:patience:)`` that returned.
    func release() {
        let next: LoopPromise<Void>? = state.withLock { state in
            guard !state.waiters.isEmpty else {
                state.isHeld = false
                return nil
            }
            return state.waiters.removeFirst()
        }
        guard let next else { return }
        next.loop.post {
            // It gave up in the meantime: the turn is the next one's.
            if !next.succeed(()) { self.release() }
        }
    }
}
