// Background jobs as clients see them: requests, answers and errors. Values; any thread.

import Actors
import Reactor

extension JobStatus: JSONRepresentable {}

// MARK: - Requests

struct ListJobsQuery: RequestQuery {
    let page: PageRequest
    let status: JobStatus?
    let kind: Text?

    private static let paging = PageRequest.Fields()
    private static let status = Field<JobStatus>.enumeration("status").omittable()
    private static let kind = Field.string("kind", length: 1...100, example: "welcome_email").omittable()
    static let schema = ObjectSchema(
        "JobListQuery", unknownMembers: .ignored, paging.skip, paging.limit, paging.cursor, status, kind)

    init(_ values: ObjectValues) {
        page = PageRequest(values, Self.paging)
        status = values[Self.status]
        kind = values[Self.kind]
    }
}

// MARK: - Answers

struct JobResponse: ResponseObject {
    let job: JobRecord

    static let schema = ResponseSchema<JobResponse>(
        "JobResponse",
        .property("id", format: "uuid") { $0.job.id.text },
        .property("kind") { $0.job.kind },
        .property("status") { $0.job.status },
        .property("progress", description: "Per cent of the current run") { $0.job.progress },
        .property("priority", description: "Higher runs first") { $0.job.priority },
        .property("attempts", description: "Runs so far") { $0.job.attempts },
        .property("max_attempts") { $0.job.maxAttempts },
        .property("owner_id") { $0.job.ownerID },
        .property("result") { $0.job.result },
        .property("error", description: "Why the last run failed") { $0.job.lastError },
        .property("run_at", description: "When it is due, or was") { $0.job.runAt },
        .property("created_at") { $0.job.createdAt },
        .property("started_at", description: "When its last run began") { $0.job.startedAt },
        .property("finished_at") { $0.job.finishedAt })
}

/// The states that Celery's clients know.
enum CeleryStatus: String, Sendable, CaseIterable, JSONRepresentable {
    case pending = "PENDING"
    case started = "STARTED"
    case retry = "RETRY"
    case success = "SUCCESS"
    case failure = "FAILURE"
}

/// A job as Celery's `AsyncResult` shows it.
struct CeleryTaskResponse: ResponseObject {
    let id: JobID
    /// Nil for an unknown id: Celery cannot tell it from one that nobody has taken up.
    let job: JobRecord?

    var status: CeleryStatus {
        switch job?.status {
        case nil, .pending: .pending
        case .running: .started
        case .retrying: .retry
        case .succeeded: .success
        // Celery's own word for a cancelled task, REVOKED, is not one that these clients wait for.
        case .dead, .cancelled: .failure
        }
    }

    var result: Text? {
        switch job?.status {
        case .succeeded: job?.result
        case .retrying, .dead: job?.lastError
        case .cancelled: "The job was cancelled"
        case nil, .pending, .running: nil
        }
    }

    static let schema = ResponseSchema<CeleryTaskResponse>(
        "BackgroundTaskStatus",
        .property("task_id", format: "uuid") { $0.id.text },
        .property("status") { $0.status },
        .property("result", description: "What came of it, or why it failed") { $0.result })
}

struct TaskQueuedResponse: ResponseObject {
    let id: JobID

    static let schema = ResponseSchema<TaskQueuedResponse>(
        "TaskQueued",
        .property("message") { _ in "Task queued" },
        .property("task_id", format: "uuid") { $0.id.text })
}

// MARK: - Errors

extension APIError {
    static let jobNotFound = APIError(.notFound, code: "JOB_NOT_FOUND", "Job not found")
    static let jobFinished = APIError(.conflict, code: "JOB_FINISHED", "The job has ended already")
    static let jobNotRetryable = APIError(.conflict, code: "JOB_NOT_RETRYABLE", "Only a job that is dead or cancelled can be retried")
    static let tooManyStreams = APIError.tooManyRequests(
        retryAfter: .seconds(5), code: "TOO_MANY_STREAMS", "Too many streams of events are open")
}
