// A statement on its way through a connection, and who waits for it. Loop-bound; belongs to one PostgresConnection.

/// One statement and its waiter.
@safe
final class PostgresRequest {
    @safe private enum Waiter {
        /// A task that may be cancelled.
        case promise(LoopPromise<SQLRows>)
        /// A task that waits for several requests at once; this one's place among them.
        case batch(PostgresBatch, Int)
        /// A task that waits to the end even when cancelled: COMMIT and ROLLBACK.
        case uncancellable(UnsafeContinuation<Result<SQLRows, DatabaseError>, Never>)
        /// Nobody any more: the answer is dropped.
        case nobody
    }

    let sql: String
    let bindings: [SQLValue]
    let isWrite: Bool
    let submitted: MonotonicInstant
    /// When its waiter gives up.
    let deadline: MonotonicInstant
    private var waiter: Waiter

    /// What it was last sent as.
    var statement: PostgresPreparedStatement?
    /// How often it was sent again because it had not run.
    var replays = 0
    /// The answer, until the Sync behind the statement confirms it.
    var heldAnswer: Result<PostgresResult, DatabaseError>?
    /// The waiter is gone: the deadline passed, or the task was cancelled.
    var isAbandoned: Bool {
        switch waiter {
        case .promise, .uncancellable: false
        case .batch(let batch, _): batch.isAbandoned
        case .nobody: true
        }
    }

    private init(
        sql: String, bindings: [SQLValue], isWrite: Bool, submitted: MonotonicInstant, timeout: Duration, waiter: Waiter
    ) {
        self.sql = sql
        self.bindings = bindings
        self.isWrite = isWrite
        self.submitted = submitted
        deadline = submitted + timeout
        self.waiter = waiter
    }

    convenience init(
        sql: String, bindings: [SQLValue], isWrite: Bool, submitted: MonotonicInstant, timeout: Duration,
        promise: LoopPromise<SQLRows>
    ) {
        self.init(
            sql: sql, bindings: bindings, isWrite: isWrite, submitted: submitted, timeout: timeout,
            waiter: .promise(promise))
    }

    convenience init(
        sql: String, bindings: [SQLValue], isWrite: Bool, submitted: MonotonicInstant, timeout: Duration,
        batch: PostgresBatch, position: Int
    ) {
        self.init(
            sql: sql, bindings: bindings, isWrite: isWrite, submitted: submitted, timeout: timeout,
            waiter: .batch(batch, position))
    }

    convenience init(
        sql: String, isWrite: Bool, submitted: MonotonicInstant, timeout: Duration,
        continuation: UnsafeContinuation<Result<SQLRows, DatabaseError>, Never>
    ) {
        unsafe self.init(
            sql: sql, bindings: [], isWrite: isWrite, submitted: submitted, timeout: timeout,
            waiter: .uncancellable(continuation))
    }

    func answer(_ answer: Result<PostgresResult, DatabaseError>) {
        finish(answer.map { SQLRows($0) })
    }

    func fail(_ error: DatabaseError) {
        finish(.failure(error))
    }

    /// The waiter is gone already.
    func abandon() {
        waiter = .nobody
    }

    private func finish(_ result: Result<SQLRows, DatabaseError>) {
        switch waiter {
        case .promise(let promise):
            switch result {
            case .success(let rows): promise.succeed(rows)
            case .failure(let error): promise.fail(error)
            }
        case .batch(let batch, let position): batch.settle(result, at: position)
        case .uncancellable(let continuation): unsafe continuation.resume(returning: result)
        case .nobody: break
        }
        waiter = .nobody
    }
}
