// Several requests of one caller, who is resumed once, when the last of them has its answer. Loop-bound; belongs to one call of a
// PostgresConnection's.

/// The results of a batch, as they come.
final class PostgresBatch {
    private let promise: LoopPromise<[Result<SQLRows, DatabaseError>]>
    private var results: [Result<SQLRows, DatabaseError>]
    private var missing: Int
    /// The caller is gone: what did not run need not be sent again.
    private(set) var isAbandoned = false

    /// - Parameter count: how many requests there will be, one at least.
    init(loop: EventLoop, count: Int) {
        promise = LoopPromise(loop: loop)
        // Each is replaced before anybody sees it.
        results = Array(repeating: .failure(.closed), count: count)
        missing = count
    }

    /// Takes the result of the request at `position`; once for each of them.
    func settle(_ result: Result<SQLRows, DatabaseError>, at position: Int) {
        results[position] = result
        missing -= 1
        if missing == 0 { promise.succeed(results) }
    }

    /// Waits for all of them.
    /// - Throws: `.cancelled`, within a tick of the task's cancellation.
    func wait() async throws(DatabaseError) -> [Result<SQLRows, DatabaseError>] {
        do {
            return try await promise.wait()
        } catch {
            isAbandoned = true
            throw .cancelled
        }
    }
}
