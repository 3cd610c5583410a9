// The rules of background jobs: whose they are, and what may be done with one when. A value of lets; its calls run on the loop that
// made it.

import Actors
import Reactor

/// Jobs, private to those who asked for them. Administrators see all.
struct JobService: Sendable {
    let queue: JobQueue
    let database: DatabasePool
    /// Whose streams of events go on.
    let authenticator: TokenAuthenticator
    let streams: StreamSlots<Int64>
    let eventSettings: JobEventStream.Settings

    // MARK: Asking for jobs

    /// A mail to the principal.
    func enqueueWelcomeMail(for principal: Principal) async throws -> JobID {
        let job = WelcomeMailJob.job(for: principal.userID)
        try await queue.enqueue(job, in: database)
        return job.id
    }

    // MARK: Reading

    /// What is known of a job, for whoever knows its id: nobody can guess one.
    func status(of id: JobID) async throws -> CeleryTaskResponse {
        CeleryTaskResponse(id: id, job: try await queue.record(id))
    }

    /// A page of the principal's jobs, newest first; of everybody's for an administrator.
    func list(_ query: ListJobsQuery, for principal: Principal) async throws -> JobPage {
        let filter = JobFilter(ownerID: principal.isAdmin ? nil : principal.userID, status: query.status, kind: query.kind)
        return try await queue.list(
            filter, limit: query.page.limit, skip: query.page.skip, after: try JobService.position(of: query.page.cursor))
    }

    /// - Throws: `APIError` ``APIError/jobNotFound``, also for another's job: whether it exists is theirs to know.
    func find(_ id: JobID, for principal: Principal) async throws -> JobRecord {
        guard let job = try await queue.record(id), job.isVisible(to: principal) else { throw APIError.jobNotFound }
        return job
    }

    // MARK: Changing

    /// Ends a job that has not ended; one that runs is told to stop.
    /// - Throws: `APIError` ``APIError/jobNotFound``, ``APIError/jobFinished``.
    func cancel(_ id: JobID, for principal: Principal, from origin: RequestOrigin) async throws -> JobRecord {
        try await change(id, "job.cancel", for: principal, from: origin, otherwise: .jobFinished) { transaction, now in
            try await queue.cancel(id, in: transaction, now: now)
        }
    }

    /// Runs a job again that is dead or cancelled.
    /// - Throws: `APIError` ``APIError/jobNotFound``, ``APIError/jobNotRetryable``.
    func retry(_ id: JobID, for principal: Principal, from origin: RequestOrigin) async throws -> JobRecord {
        try await change(id, "job.retry", for: principal, from: origin, otherwise: .jobNotRetryable) { transaction, now in
            try await queue.revive(id, in: transaction, now: now)
        }
    }

    /// The statement itself looks at the job's state: between a look before it and the statement the job may move on.
    private func change(
        _ id: JobID, _ action: String, for principal: Principal, from origin: RequestOrigin, otherwise conflict: APIError,
        _ apply: @Sendable (any SQLExecutor, Timestamp) async throws -> Bool
    ) async throws -> JobRecord {
        _ = try await find(id, for: principal)
        let now = Timestamp.now()
        try await database.withTransaction { transaction in
            guard try await apply(transaction, now) else { throw conflict }
            try await AuditLog.record(
                AuditEntry(action, by: principal.userID, on: "job", id.text), from: origin, at: now, in: transaction)
        }
        return try await find(id, for: principal)
    }

    // MARK: Watching

    /// A stream of what happens to a job.
    /// - Parameters:
    ///   - lastEventID: what the listener has seen last.
    ///   - token: the principal's; the stream lasts no longer than it is good.
    /// - Returns: nil where it has seen the end.
    /// - Throws: `APIError` ``APIError/jobNotFound``, ``APIError/tooManyStreams``.
    func watch(
        _ id: JobID, since lastEventID: Text?, for principal: Principal, token: String
    ) async throws -> JobEventStream? {
        let job = try await find(id, for: principal)
        if job.status.isFinal, let lastEventID, lastEventID == JobEventStream.eventID(of: job) { return nil }
        guard let slot = streams.take(for: principal.userID) else { throw APIError.tooManyStreams }
        return JobEventStream(
            queue: queue, authenticator: authenticator, token: token, first: job, lastEventID: lastEventID, settings: eventSettings,
            slot: slot)
    }

    private static func position(of cursor: Cursor?) throws(APIError) -> JobPosition? {
        guard let cursor else { return nil }
        let createdAt = Timestamp(microseconds: cursor.id)
        guard let id = cursor.sortKey?.asciiString.flatMap({ JobID($0) }), times.contains(createdAt) else {
            throw .validation(.valueError("not a cursor"), at: "query", "cursor", input: .string(cursor.token))
        }
        return JobPosition(createdAt: createdAt, id: id)
    }

    /// What both databases can write down; a cursor is a client's word.
    private static let times = Timestamp(seconds: 0)...Timestamp(seconds: 253_402_300_799)
}

extension JobRecord {
    /// Jobs are private to those who asked for them, and to administrators.
    func isVisible(to principal: Principal) -> Bool { principal.isAdmin || ownerID == principal.userID }
}

extension Cursor {
    /// The place of a job in the list.
    init(_ job: JobRecord) {
        self.init(sortKey: Text(job.id.text), id: job.createdAt.microseconds)
    }
}
