// A worker at work: the queue's loop, the schedules beside it, and what is logged of them. `serve` has one inside, and `reactor worker`
// is one. A value of lets; its tasks run on the services' loop.

import Actors
import FoundationEssentials
import Logging
import Reactor

/// A started ``JobWorker``.
struct RunningWorker: Sendable {
    private let worker: JobWorker
    private let work: Task<Void, Never>
    /// Goes on beside the work, and has nothing to finish.
    private let schedules: Task<Void, Never>

    /// How often it is looked whether a schedule is due that another process has written down.
    private static let schedulePeriod = Duration.seconds(30)
    /// For how long to leave a database alone that cannot be had.
    private static let schedulePause = Duration.seconds(2)

    init(_ services: Services, handlers: [String: JobHandler]? = nil) {
        let settings = services.configuration.jobs
        let log = WorkerLog(services.logger)
        let worker = JobWorker(
            queue: services.jobs, database: services.database, name: "worker-\(UUID().uuidString.lowercased())",
            maxConcurrent: settings.concurrency, idlePause: settings.pollInterval, handlers: handlers ?? JobHandlers.all(services),
            report: log.report)
        self.worker = worker
        work = Task(executorPreference: services.loop) { await worker.run() }
        schedules = Task(executorPreference: services.loop) { await RunningWorker.keepSchedules(services) }
    }

    /// Takes no more jobs and returns when those under way have ended; after `grace` they are cancelled, and run again elsewhere.
    func stop(within grace: Duration, _ progress: ShutdownProgress = ShutdownProgress()) async {
        schedules.cancel()
        async let jobsEnded: Void = progress.step("jobs") { await stopWork(within: grace) }
        await progress.step("the schedules of jobs, or their database connection") { await schedules.value }
        await jobsEnded
    }

    private func stopWork(within grace: Duration) async {
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

    /// Writes the schedules down and sees to it that what is due is enqueued.
    private static func keepSchedules(_ services: Services) async {
        let scheduler = JobScheduler(queue: services.jobs, database: services.database)
        var areDeclared = false
        while !Task.isCancelled {
            var pause = schedulePause
            do {
                if !areDeclared {
                    try await scheduler.declare(JobSchedules.all(services.configuration))
                    areDeclared = true
                }
                let next = try await scheduler.enqueueDue()
                pause = next.map { min(schedulePeriod, max($0 - .now(), .milliseconds(10))) } ?? schedulePeriod
            } catch {
                // Another worker was first, or the database is away, which the worker says. Tried again soon.
            }
            do { try await services.loop.sleep(for: pause) } catch { return }
        }
    }
}
