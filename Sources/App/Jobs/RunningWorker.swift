// A worker at work: the queue's loop, the schedule beside it, and what is logged of both. `serve` has one inside, and
// `reactor worker` is one. A value of lets; its tasks run on the services' loop.

import Actors
import FoundationEssentials
import Logging
import Reactor

/// A started ``JobWorker``.
struct RunningWorker: Sendable {
    private let worker: JobWorker
    private let work: Task<Void, Never>
    private let schedule: Task<Void, Never>

    /// How often it is looked whether maintenance is due.
    private static let schedulePeriod = Duration.seconds(30)

    init(_ services: Services, handlers: [String: JobHandler] = JobHandlers.all()) {
        let settings = services.configuration.jobs
        let log = WorkerLog(services.logger)
        let worker = JobWorker(
            queue: services.jobs, database: services.database, name: "worker-\(UUID().uuidString.lowercased())",
            maxConcurrent: settings.concurrency, idlePause: settings.pollInterval, handlers: handlers, report: log.report)
        self.worker = worker
        work = Task(executorPreference: services.loop) { await worker.run() }
        schedule = Task(executorPreference: services.loop) { await RunningWorker.keepScheduled(services, worker) }
    }

    /// Takes no more jobs and returns when those under way have ended; after `grace` they are cancelled, and run again elsewhere.
    func stop(within grace: Duration) async {
        schedule.cancel()
        await schedule.value
        await worker.stop()
        let loop = worker.loop
        let work = self.work
        let impatience = Task(executorPreference: loop) {
            do { try await loop.sleep(for: grace) } catch { return }
            work.cancel()
        }
        await work.value
        impatience.cancel()
        await impatience.value
    }

    /// Sees to it that each interval has its maintenance job; of several workers that try, one succeeds.
    private static func keepScheduled(_ services: Services, _ worker: JobWorker) async {
        var last: JobID?
        while !Task.isCancelled {
            let job = MaintenanceJob.job(at: .now(), every: services.configuration.jobs.maintenanceInterval)
            if job.id != last {
                do throws(DatabaseError) {
                    try await services.jobs.enqueue(job, in: services.database)
                    last = job.id
                    await worker.wake()
                } catch {
                    // Another worker was first. Anything else: tried again soon.
                    if case .constraint(.unique, _) = error { last = job.id }
                }
            }
            do { try await services.loop.sleep(for: schedulePeriod) } catch { return }
        }
    }
}
