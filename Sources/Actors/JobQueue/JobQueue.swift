// The durable queue: jobs are rows, so a job is enqueued in the transaction of the change that caused it, and survives the
// process. Owns no state but its policy: what is queued is in the database, where other processes see it too. One a loop.

public import Reactor

/// A holder's word came too late: its lease had run out, and somebody else has the job, or it was ended.
public struct JobLeaseLost: Error, Sendable, Hashable {
    public let id: JobID
}

/// At least once, with leases: a job runs until somebody completes it, or until its attempts are used up.
///
/// A worker claims, works while it sends heartbeats, and completes. What a job changes in the database and its completion
/// belong in one transaction (``complete(_:result:in:now:)``): then a job that is run twice takes effect once.
public actor JobQueue {
    public nonisolated let loop: EventLoop
    public nonisolated let policy: JobPolicy
    /// Raised when a job of this process has been committed.
    public nonisolated let signal: JobSignal
    let database: DatabasePool

    public init(loop: EventLoop, database: DatabasePool, policy: JobPolicy = JobPolicy(), signal: JobSignal = JobSignal()) {
        self.loop = loop
        self.database = database
        self.policy = policy
        self.signal = signal
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    // MARK: Whoever wants a job done

    /// Adds a job in the transaction that `executor` stands for: it exists once that commits, and never if it rolls back. The
    /// commit wakes the workers of this process.
    public nonisolated func enqueue(
        _ job: NewJob, in executor: any SQLExecutor, now: Timestamp = .now()
    ) async throws(DatabaseError) {
        _ = try await executor.execute(
            JobStatements.enqueue,
            [
                .uuid(job.id.text), .text(job.kind), .text(job.payload), job.ownerID.map { .int($0) } ?? .null,
                .int(Int64(job.priority)), .timestamp(job.runAt ?? now), .int(Int64(policy.maxAttempts)), .timestamp(now),
            ])
        raiseSignal(afterCommitOf: executor)
    }

    /// Ends a job that has not ended. One that runs loses its lease: its effects are never committed, and its handler is cancelled
    /// within a ``JobPolicy/heartbeat``.
    /// - Returns: false where it had ended, or where there is none.
    public nonisolated func cancel(
        _ id: JobID, in executor: any SQLExecutor, now: Timestamp = .now()
    ) async throws(DatabaseError) -> Bool {
        try await executor.execute(JobStatements.cancel, [.uuid(id.text), .timestamp(now)]).affectedRows == 1
    }

    /// Gives a job that is dead or cancelled another ``JobPolicy/maxAttempts``, from now on.
    /// - Returns: false where it is neither, or where there is none.
    public nonisolated func revive(
        _ id: JobID, in executor: any SQLExecutor, now: Timestamp = .now()
    ) async throws(DatabaseError) -> Bool {
        let bindings: [SQLValue] = [.uuid(id.text), .timestamp(now), .int(Int64(policy.maxAttempts))]
        guard try await executor.execute(JobStatements.revive, bindings).affectedRows == 1 else { return false }
        raiseSignal(afterCommitOf: executor)
        return true
    }

    /// Before the commit nobody would see the job.
    private nonisolated func raiseSignal(afterCommitOf executor: any SQLExecutor) {
        guard let transaction = executor as? DatabaseTransaction else { return signal.raise() }
        let signal = self.signal
        transaction.afterCommit { signal.raise() }
    }

    // MARK: Workers

    /// Takes up to `limit` jobs that are due, the most urgent first, and holds them for ``JobPolicy/lease``.
    ///
    /// Two workers never get the same job. Cancelled midway, jobs may be held by nobody until their lease runs out.
    public func claim(
        worker: String, limit: Int, now: Timestamp = .now()
    ) async throws(DatabaseError) -> [ClaimedJob] {
        let rows = try await database.execute(
            JobStatements.claim,
            [.timestamp(now), .text(worker), .timestamp(policy.leaseEnd(now: now)), .int(Int64(limit))])
        var jobs: [ClaimedJob] = []
        for row in rows { jobs.append(try ClaimedJob(row, worker: worker)) }
        // RETURNING promises no order.
        return jobs.sorted { $0.priority > $1.priority }
    }

    /// Holds a job for another lease. Called every ``JobPolicy/heartbeat``.
    /// - Throws: ``JobLeaseLost``; the holder then stops its work.
    public func heartbeat(_ job: ClaimedJob, now: Timestamp = .now()) async throws {
        let rows = try await database.execute(
            JobStatements.heartbeat, job.token + [.timestamp(policy.leaseEnd(now: now)), .timestamp(now)])
        guard rows.affectedRows == 1 else { throw JobLeaseLost(id: job.id) }
    }

    /// Keeps how far a job is.
    /// - Parameter progress: in per cent; clamped to 0 to 100.
    /// - Throws: ``JobLeaseLost``; the holder then stops its work.
    public func report(_ job: ClaimedJob, progress: Int, now: Timestamp = .now()) async throws {
        let rows = try await database.execute(
            JobStatements.report, job.token + [.int(Int64(min(max(progress, 0), 100))), .timestamp(now)])
        guard rows.affectedRows == 1 else { throw JobLeaseLost(id: job.id) }
    }

    /// When the next job that nobody holds is due; nil where there is none.
    public func nextDue() async throws(DatabaseError) -> Timestamp? {
        guard let row = try await database.execute(JobStatements.nextDue, []).first else { return nil }
        return try row.optionalTimestamp(0)
    }

    /// Ends a job well, in the transaction that holds its effects.
    /// - Throws: ``JobLeaseLost``, which the transaction's body lets through so that the effects are rolled back.
    public nonisolated func complete(
        _ job: ClaimedJob, result: String? = nil, in executor: any SQLExecutor, now: Timestamp = .now()
    ) async throws {
        let rows = try await executor.execute(
            JobStatements.complete, job.token + [result.map { .text($0) } ?? .null, .timestamp(now)])
        guard rows.affectedRows == 1 else { throw JobLeaseLost(id: job.id) }
    }

    /// Ends a run badly: the job is tried again later, or is dead after its last attempt.
    /// - Parameters:
    ///   - reason: kept with the job and shown to its owner: no secrets.
    ///   - isPermanent: true where another attempt cannot help.
    /// - Throws: ``JobLeaseLost`` where the job is somebody else's by now.
    @discardableResult
    public func fail(
        _ job: ClaimedJob, reason: String, isPermanent: Bool = false, now: Timestamp = .now(),
        chance: Double = .random(in: 0..<1)
    ) async throws -> JobPolicy.AfterFailure {
        let after = policy.afterFailure(
            attempts: job.attempts, maxAttempts: job.maxAttempts, isPermanent: isPermanent, now: now, chance: chance)
        let bindings = job.token + [.text(Text(reason).cut(toBytes: 2_000)), .timestamp(now)]
        let rows =
            switch after {
            case .retry(let at): try await database.execute(JobStatements.retry, bindings + [.timestamp(at)])
            case .dead: try await database.execute(JobStatements.bury, bindings)
            }
        guard rows.affectedRows == 1 else { throw JobLeaseLost(id: job.id) }
        return after
    }

    /// Takes back what workers hold that gave no sign of life for a lease: to be tried again, or dead after its last attempt.
    /// Every worker does this every ``JobPolicy/heartbeat``.
    /// - Returns: how many jobs there were.
    public func reclaimExpired(now: Timestamp = .now()) async throws(DatabaseError) -> Int {
        try await database.execute(JobStatements.reclaimExpired, [.timestamp(now)]).affectedRows
    }
}

extension ClaimedJob {
    /// What proves that the job is still held: `$1` to `$3` of a holder's statements.
    fileprivate var token: [SQLValue] {
        [.uuid(id.text), .text(worker), .int(Int64(attempts))]
    }

    fileprivate init(_ row: SQLRow, worker: String) throws(DatabaseError) {
        self.init(
            id: try JobID(of: row), kind: try row.text(1), payload: try row.text(2), ownerID: try row.optionalInt(3),
            priority: Int(clamping: try row.int(4)), attempts: Int(clamping: try row.int(5)),
            maxAttempts: Int(clamping: try row.int(6)), worker: worker)
    }
}

extension JobID {
    /// The id in a row's first column.
    init(of row: SQLRow) throws(DatabaseError) {
        guard let id = JobID(try row.uuid(0)) else { throw .decoding("a job's id is no UUID") }
        self = id
    }
}
