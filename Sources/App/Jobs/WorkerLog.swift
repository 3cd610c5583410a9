// What a worker does, as log lines. Any thread.

import Actors
import Logging
import Reactor
import Synchronization

/// Logs a worker's events; an outage is said once, and its end.
final class WorkerLog: Sendable {
    private let logger: Logger
    private let isQueueAway = Mutex(false)

    init(_ logger: Logger) {
        self.logger = logger
    }

    @Sendable func report(_ event: JobWorkerEvent) {
        let wasAway = isQueueAway.withLock { isAway in
            defer { if case .unavailable = event { isAway = true } else { isAway = false } }
            return isAway
        }
        switch event {
        case .succeeded(let job):
            logger.info("job done", metadata: fields(of: job))
        case .failed(let job, let reason, .retry(let at)):
            logger.warning("job failed", metadata: fields(of: job).merging(["reason": "\(reason)", "again_at": "\(at.rfc3339)"]) { $1 })
        case .failed(let job, let reason, .dead):
            logger.error("job given up", metadata: fields(of: job).merging(["reason": "\(reason)"]) { $1 })
        case .abandoned(let job):
            logger.warning("job left: cancelled, or another worker has it", metadata: fields(of: job))
        case .unavailable(let error):
            if !wasAway { logger.warning("the job queue cannot be reached", metadata: ["error": "\(error)"]) }
        }
    }

    private func fields(of job: ClaimedJob) -> Logger.Metadata {
        ["job_id": "\(job.id)", "kind": "\(job.kind)", "attempt": "\(job.attempts)"]
    }
}
