// What runs a job. Values and closures; a handler runs on its worker's loop.

public import Reactor

/// Runs the jobs of one kind.
///
/// A job may be run more than once: a handler does outside of the database only what may happen twice, and leaves its changes
/// of the database to ``JobOutcome/effects``. It is cancelled when its lease is lost and when the worker is.
public typealias JobHandler = @Sendable (JobContext) async throws -> JobOutcome

/// What a handler is given: the job, and the way to say how far it is.
public struct JobContext: Sendable {
    public let job: ClaimedJob
    private let queue: JobQueue

    init(_ job: ClaimedJob, of queue: JobQueue) {
        self.job = job
        self.queue = queue
    }

    /// Tells whoever watches how far this run is; a statement each time. While the database is away nobody is told.
    /// - Parameter progress: in per cent.
    /// - Throws: ``JobLeaseLost`` where the job was cancelled, or is somebody else's by now; let it through.
    public func report(progress: Int) async throws {
        do { try await queue.report(job, progress: progress) } catch is DatabaseError {}
    }
}

/// How a run ended well.
public struct JobOutcome: Sendable {
    /// Kept with the job, for whoever asks.
    public var result: String?
    /// What the job changes in the database: run in the transaction that completes it, so that it takes effect once.
    public var effects: (@Sendable (any SQLExecutor) async throws -> Void)?

    public init(result: String? = nil, effects: (@Sendable (any SQLExecutor) async throws -> Void)? = nil) {
        self.result = result
        self.effects = effects
    }
}

/// How a run ended badly, where the handler has something to say about it. Other errors are kept by the name of their type only:
/// their text may quote what nobody should read.
public struct JobFailure: Error, Sendable, Hashable {
    /// Kept with the job and shown to its owner: no secrets.
    public var reason: String
    /// True where another attempt cannot help.
    public var isPermanent: Bool

    public init(_ reason: String, isPermanent: Bool = false) {
        self.reason = reason
        self.isPermanent = isPermanent
    }
}

/// What a worker met, for logs and metrics.
public enum JobWorkerEvent: Sendable {
    case succeeded(ClaimedJob)
    case failed(ClaimedJob, reason: String, JobPolicy.AfterFailure)
    /// Somebody else has the job by now, or the database did not take the word of its end; its lease decides.
    case abandoned(ClaimedJob)
    /// The database was not to be had; the worker tries again.
    case unavailable(DatabaseError)
}
