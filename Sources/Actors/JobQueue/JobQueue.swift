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
    private let database: DatabasePool

    public init(loop: EventLoop, database: DatabasePool, policy: JobPolicy = JobPolicy()) {
        self.loop = loop
        self.database = database
        self.policy = policy
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    // MARK: Whoever wants a job done

    /// Adds a job in the transaction that `executor` stands for: it exists once that commits, and never if it rolls back.
    public nonisolated func enqueue(
        _ job: NewJob, in executor: any SQLExecutor, now: Timestamp = .now()
    ) async throws(DatabaseError) {
        _ = try await executor.execute(
            JobStatements.enqueue,
            [
                .uuid(job.id.text), .text(job.kind), .text(job.payload), job.ownerID.map { .int($0) } ?? .null,
                .int(Int64(job.priority)), .timestamp(job.runAt ?? now), .int(Int64(policy.maxAttempts)), .timestamp(now),
            ])
    }

    /// What is known of a job; nil where there is none of that id.
    public func record(_ id: JobID) async throws(DatabaseError) -> JobRecord? {
        try await database.execute(JobStatements.record, [.uuid(id.text)]).first.map { (row) throws(DatabaseError) in
            try JobRecord(row)
        }
    }

    /// Cancels a job that has not begun.
    /// - Returns: false where it has, or where there is none.
    public func cancel(_ id: JobID, now: Timestamp = .now()) async throws(DatabaseError) -> Bool {
        try await database.execute(JobStatements.cancel, [.uuid(id.text), .timestamp(now)]).affectedRows == 1
    }

    /// How many jobs there are in each state that has any.
    public func countsByStatus() async throws(DatabaseError) -> [JobStatus: Int] {
        var counts: [JobStatus: Int] = [:]
        for row in try await database.execute(JobStatements.countsByStatus, []) {
            guard let status = JobStatus(rawValue: try row.string(0)) else { continue }
            counts[status] = Int(clamping: try row.int(1))
        }
        return counts
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
        let bindings = job.token + [.text(String(reason.prefix(2_000))), .timestamp(now)]
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
            id: try JobID(of: row), kind: try row.string(1), payload: try row.string(2), ownerID: try row.optionalInt(3),
            priority: Int(clamping: try row.int(4)), attempts: Int(clamping: try row.int(5)),
            maxAttempts: Int(clamping: try row.int(6)), worker: worker)
    }
}

extension JobRecord {
    fileprivate init(_ row: SQLRow) throws(DatabaseError) {
        let status = try row.string(3)
        guard let known = JobStatus(rawValue: status) else { throw .decoding("no job status is called \(status)") }
        self.init(
            id: try JobID(of: row), kind: try row.string(1), ownerID: try row.optionalInt(2), status: known,
            attempts: Int(clamping: try row.int(4)), result: try row.optionalString(5), lastError: try row.optionalString(6),
            runAt: try row.timestamp(7), createdAt: try row.timestamp(8), finishedAt: try row.optionalTimestamp(9))
    }
}

extension JobID {
    /// The id in a row's first column.
    fileprivate init(of row: SQLRow) throws(DatabaseError) {
        guard let id = JobID(try row.uuid(0)) else { throw .decoding("a job's id is no UUID") }
        self = id
    }
}
