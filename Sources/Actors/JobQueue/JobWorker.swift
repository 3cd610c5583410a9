// The loop that takes jobs from the queue and runs them. Owns the count of running jobs and the reason to look again. Lives on
// its loop; handlers run there too, and put what blocks on the blocking pool.

public import Reactor
import Synchronization

/// Claims jobs and runs them, a bounded number at a time, until it is stopped or cancelled.
public actor JobWorker {
    public nonisolated let loop: EventLoop
    private let queue: JobQueue
    private let database: DatabasePool
    private let name: String
    private let maxConcurrent: Int
    private let idlePause: Duration
    private let handlers: [Text: JobHandler]
    private let report: @Sendable (JobWorkerEvent) -> Void

    private var running = 0
    private var isStopping = false
    private var isWoken = false
    private var sleeper: LoopPromise<Void>?
    /// The queue's signal is on its way here: of a burst of them one comes.
    private nonisolated let isSignalled = Atomic<Bool>(false)

    /// - Parameters:
    ///   - name: unique among the workers of the database, such as host, process id and loop.
    ///   - idlePause: how often the queue is looked at when nobody says that there is something to do, and nothing is due.
    ///   - handlers: by kind of job. A kind without one fails, and is tried again: a newer program may know it.
    public init(
        queue: JobQueue, database: DatabasePool, name: String, maxConcurrent: Int = 4, idlePause: Duration = .seconds(1),
        handlers: [String: JobHandler], report: @escaping @Sendable (JobWorkerEvent) -> Void = { _ in }
    ) {
        precondition(maxConcurrent >= 1)
        loop = queue.loop
        self.queue = queue
        self.database = database
        self.name = name
        self.maxConcurrent = maxConcurrent
        self.idlePause = idlePause
        self.handlers = Dictionary(uniqueKeysWithValues: handlers.map { (Text($0.key), $0.value) })
        self.report = report
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Works until ``stop()``, and then until the running jobs have ended.
    ///
    /// Cancelling the task cancels the running handlers too; their jobs are run again once their leases are over.
    public func run() async {
        let observation = queue.signal.observe { [self] in takeSignal() }
        defer { queue.signal.remove(observation) }
        await withDiscardingTaskGroup { group in
            var nextReclaim = MonotonicInstant.now()
            while !isStopping, !Task.isCancelled {
                do throws(DatabaseError) {
                    if MonotonicInstant.now() >= nextReclaim {
                        _ = try await queue.reclaimExpired()
                        nextReclaim = .now() + queue.policy.heartbeat
                    }
                    while running < maxConcurrent, !isStopping {
                        let jobs = try await queue.claim(worker: name, limit: maxConcurrent - running)
                        if jobs.isEmpty { break }
                        running += jobs.count
                        for job in jobs {
                            group.addTask(executorPreference: loop) { await self.perform(job) }
                        }
                    }
                } catch {
                    if case .cancelled = error { break }
                    report(.unavailable(error))
                }
                await pause()
            }
        }
    }

    private nonisolated func takeSignal() {
        guard !isSignalled.exchange(true, ordering: .acquiringAndReleasing) else { return }
        loop.post { [self] in
            assumeIsolated { worker in
                worker.isSignalled.store(false, ordering: .releasing)
                worker.wake()
            }
        }
    }

    /// Takes no more jobs; ``run()`` returns when the running ones have ended.
    public func stop() {
        isStopping = true
        wake()
    }

    /// Says that there is something to do: a job was enqueued and its transaction has committed.
    public func wake() {
        isWoken = true
        sleeper?.succeed(())
    }

    /// What is due at this very moment is another worker's to take, or was not due when we looked.
    private static let shortestPause = Duration.milliseconds(50)

    /// How long to wait where nobody wakes us: a retry or a delayed job may be due before the idle pause is over.
    private func pauseLength() async -> Duration {
        guard running < maxConcurrent, let due = try? await queue.nextDue() else { return idlePause }
        return min(idlePause, max(due - .now(), JobWorker.shortestPause))
    }

    /// Until ``wake()``, the end of a job, the next one that is due, or the idle pause.
    private func pause() async {
        let length = isWoken || isStopping ? .zero : await pauseLength()
        if !isWoken, !isStopping {
            let promise = LoopPromise<Void>(loop: loop)
            sleeper = promise
            let timer = LoopTimer(loop: loop)
            timer.start(after: length) { promise.succeed(()) }
            _ = try? await promise.wait()
            timer.stop()
            sleeper = nil
        }
        isWoken = false
    }

    // MARK: One job

    private func perform(_ job: ClaimedJob) async {
        report(await outcome(of: job))
        running -= 1
        wake()
    }

    private func outcome(of job: ClaimedJob) async -> JobWorkerEvent {
        do {
            let outcome = try await runHandler(job)
            let queue = self.queue
            try await database.withTransaction { transaction in
                try await outcome.effects?(transaction)
                try await queue.complete(job, result: outcome.result, in: transaction)
            }
            return .succeeded(job)
        } catch is JobLeaseLost {
            return .abandoned(job)
        } catch {
            // A cancelled handler says nothing about its job.
            if Task.isCancelled { return .abandoned(job) }
            let failure = error as? JobFailure ?? JobFailure("\(type(of: error))")
            guard let after = try? await queue.fail(job, reason: failure.reason, isPermanent: failure.isPermanent)
            else { return .abandoned(job) }
            return .failed(job, reason: failure.reason, after)
        }
    }

    /// Runs the handler beside its heartbeat.
    private func runHandler(_ job: ClaimedJob) async throws -> JobOutcome {
        guard let handler = handlers[job.kind] else {
            // TEXT: kept with the job, for people.
            throw JobFailure("no handler for jobs of the kind " + job.kind.swiftString)
        }
        let (loop, queue) = (self.loop, self.queue)
        return try await withThrowingTaskGroup(of: JobOutcome?.self) { group in
            group.addTask(executorPreference: loop) { try await handler(JobContext(job, of: queue)) }
            group.addTask(executorPreference: loop) {
                while true {
                    try await loop.sleep(for: queue.policy.heartbeat)
                    // A database that is away for a moment costs a heartbeat, not the job; a lost lease ends it.
                    do { try await queue.heartbeat(job) } catch is DatabaseError {}
                }
            }
            defer { group.cancelAll() }
            while let outcome = try await group.next() {
                if let outcome { return outcome }
            }
            throw CancellationError()
        }
    }
}
