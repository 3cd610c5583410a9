// Jobs that are run, on real databases.

import Actors
import Reactor
import Synchronization
import TestSupport
import Testing

@Suite struct JobWorkerTests {
    @Test(arguments: TestDatabase.available)
    func aJobIsRunAndItsEffectIsKeptWithItsCompletion(_ backend: TestDatabase) async throws {
        try await withWorker(
            backend,
            [
                "add": { context in
                    JobOutcome(result: "done") { transaction in
                        _ = try await transaction.execute(.write("INSERT INTO effects VALUES ($1)"), [.text(context.job.payload)])
                    }
                }
            ]
        ) { worker, queue, database in
            let jobs = (0..<20).map { NewJob(kind: "add", payload: "\($0)") }
            for job in jobs { try await queue.enqueue(job, in: database) }
            await worker.wake()
            let haveAllEnded = try await eventually(on: queue.loop) {
                (try? await queue.countsByStatus()) == [.succeeded: 20]
            }
            #expect(haveAllEnded)
            try await #expect(queue.record(jobs[0].id)?.result == "done")
            try await #expect(database.execute(.read("SELECT count(*) FROM effects"), [])[0].int(0) == 20)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aFailedRunKeepsItsReasonAndLeavesNoEffect(_ backend: TestDatabase) async throws {
        struct Secret: Error { let password = "hunter2" }
        try await withWorker(
            backend,
            [
                "permanent": { _ in throw JobFailure("the payload cannot be read", isPermanent: true) },
                "secret": { _ in throw Secret() },
                "half": { _ in
                    JobOutcome { transaction in
                        _ = try await transaction.execute(.write("INSERT INTO effects VALUES ('x')"), [])
                        throw JobFailure("half way", isPermanent: true)
                    }
                },
            ]
        ) { worker, queue, database in
            let jobs = ["permanent", "secret", "half", "unheard öf"].map { NewJob(kind: $0) }
            for job in jobs { try await queue.enqueue(job, in: database) }
            await worker.wake()
            let haveAllEnded = try await eventually(on: queue.loop) {
                (try? await queue.countsByStatus()) == [.dead: 2, .retrying: 2]
            }
            #expect(haveAllEnded)
            var reasons: [String?] = []
            for job in jobs { reasons.append(try await queue.record(job.id)?.lastError?.swiftString) }
            #expect(
                reasons == [
                    "the payload cannot be read", "Secret", "half way", "no handler for jobs of the kind unheard öf",
                ])
            try await #expect(database.execute(.read("SELECT count(*) FROM effects"), [])[0].int(0) == 0)
        }
    }

    @Test(arguments: TestDatabase.available)
    func noMoreThanTheAllowedNumberRunAtOnce(_ backend: TestDatabase) async throws {
        let running = Mutex((now: 0, most: 0))
        try await withWorker(
            backend,
            [
                "busy": { _ in
                    running.withLock {
                        $0.now += 1
                        $0.most = max($0.most, $0.now)
                    }
                    for _ in 0..<20 { await Task.yield() }
                    running.withLock { $0.now -= 1 }
                    return JobOutcome()
                }
            ]
        ) { worker, queue, database in
            for _ in 0..<12 { try await queue.enqueue(NewJob(kind: "busy"), in: database) }
            await worker.wake()
            let haveAllEnded = try await eventually(on: queue.loop) {
                (try? await queue.countsByStatus()) == [.succeeded: 12]
            }
            #expect(haveAllEnded)
        }
        #expect(running.withLock { $0.most } <= 4)
    }

    @Test(arguments: TestDatabase.available)
    func stoppingWaitsForTheRunningJobs(_ backend: TestDatabase) async throws {
        try await backend.withPool { database in
            try await database.script(JobSchema.current(database.dialect))
            let queue = JobQueue(loop: database.loop, database: database)
            let hasBegun = Atomic<Bool>(false)
            let mayEnd = Atomic<Bool>(false)
            let worker = JobWorker(
                queue: queue, database: database, name: "w",
                handlers: [
                    "slow": { _ in
                        hasBegun.store(true, ordering: .relaxed)
                        while !mayEnd.load(ordering: .relaxed) { await Task.yield() }
                        return JobOutcome()
                    }
                ])
            let run = Task(executorPreference: database.loop) { await worker.run() }
            let job = NewJob(kind: "slow")
            try await queue.enqueue(job, in: database)
            await worker.wake()
            let didBegin = try await eventually(on: database.loop) { hasBegun.load(ordering: .relaxed) }
            #expect(didBegin)
            await worker.stop()
            let late = NewJob(kind: "slow")
            try await queue.enqueue(late, in: database)
            mayEnd.store(true, ordering: .relaxed)
            await run.value
            try await #expect(queue.record(job.id)?.status == .succeeded)
            try await #expect(queue.record(late.id)?.status == .pending)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aCancelledWorkerLeavesItsJobToTheLease(_ backend: TestDatabase) async throws {
        try await backend.withPool { database in
            try await database.script(JobSchema.current(database.dialect))
            let queue = JobQueue(loop: database.loop, database: database)
            let hasBegun = Atomic<Bool>(false)
            let loop = database.loop
            let worker = JobWorker(
                queue: queue, database: database, name: "w",
                handlers: [
                    "endless": { _ in
                        hasBegun.store(true, ordering: .relaxed)
                        try await loop.sleep(for: .seconds(600))
                        return JobOutcome()
                    }
                ])
            let run = Task(executorPreference: loop) { await worker.run() }
            let job = NewJob(kind: "endless")
            try await queue.enqueue(job, in: database)
            await worker.wake()
            let didBegin = try await eventually(on: loop) { hasBegun.load(ordering: .relaxed) }
            #expect(didBegin)
            run.cancel()
            await run.value
            try await #expect(queue.record(job.id)?.status == .running)
            try await #expect(queue.reclaimExpired(now: .now() + .seconds(60)) == 1)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aCommittedJobWakesTheWorkerAndOneThatIsRolledBackDoesNot(_ backend: TestDatabase) async throws {
        struct Refused: Error {}
        try await withWorker(backend, ["k": { _ in JobOutcome() }], idlePause: .seconds(60)) { worker, queue, database in
            for _ in 0..<3 {
                let begin = MonotonicInstant.now()
                let (refused, kept) = (NewJob(kind: "k"), NewJob(kind: "k"))
                await #expect(throws: Refused.self) {
                    try await database.withTransaction {
                        try await queue.enqueue(refused, in: $0)
                        throw Refused()
                    }
                }
                try await database.withTransaction { try await queue.enqueue(kept, in: $0) }
                let hasEnded = try await eventually(on: queue.loop) { (try? await queue.record(kept.id)?.status) == .succeeded }
                #expect(hasEnded)
                #expect(MonotonicInstant.now() - begin < .seconds(2))
                try await #expect(queue.record(refused.id) == nil)
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func aDelayedJobAndARetryRunWhenTheyAreDueHoweverLongTheIdlePauseIs(_ backend: TestDatabase) async throws {
        let runs = Tally()
        try await withWorker(
            backend,
            [
                "later": { _ in JobOutcome() },
                "stubborn": { _ in
                    guard runs.raise() == 3 else { throw JobFailure("not now") }
                    return JobOutcome()
                },
            ], idlePause: .seconds(60), policy: JobPolicy(firstBackOff: .milliseconds(20), maxBackOff: .milliseconds(40))
        ) { worker, queue, database in
            let later = NewJob(kind: "later", runAt: .now() + .milliseconds(300))
            let stubborn = NewJob(kind: "stubborn")
            for job in [later, stubborn] { try await queue.enqueue(job, in: database) }
            let haveAllEnded = try await eventually(on: queue.loop) { (try? await queue.countsByStatus()) == [.succeeded: 2] }
            #expect(haveAllEnded)
            let record = try #require(try await queue.record(later.id))
            #expect(try #require(record.startedAt) >= record.runAt)
            try await #expect(queue.record(stubborn.id)?.attempts == 3)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aHandlersProgressIsSeenWhileItRunsAndACancelledJobIsStopped(_ backend: TestDatabase) async throws {
        let wasStopped = Flag()
        try await withWorker(
            backend,
            [
                "long": { context in
                    try await context.report(progress: 30)
                    do {
                        while true { try await context.report(progress: 31) }
                    } catch {
                        wasStopped.raise()
                        throw error
                    }
                }
            ]
        ) { worker, queue, database in
            let job = NewJob(kind: "long")
            try await queue.enqueue(job, in: database)
            let isSeen = try await eventually(on: queue.loop) { (try? await queue.record(job.id)?.progress) == 31 }
            #expect(isSeen)
            try await #expect(queue.cancel(job.id, in: database))
            let hasStopped = try await eventually(on: queue.loop) { wasStopped.isRaised }
            #expect(hasStopped)
            try await #expect(queue.record(job.id)?.status == .cancelled)
        }
    }

    @Test(arguments: TestDatabase.available)
    func theHeartbeatOfACancelledJobStopsAHandlerThatReportsNothing(_ backend: TestDatabase) async throws {
        let begun = Flag()
        try await withWorker(
            backend,
            [
                "silent": { _ in
                    begun.raise()
                    while !Task.isCancelled { await Task.yield() }
                    throw CancellationError()
                }
            ], policy: JobPolicy(lease: .milliseconds(90))
        ) { worker, queue, database in
            let job = NewJob(kind: "silent")
            try await queue.enqueue(job, in: database)
            try await #expect(eventually(on: queue.loop) { begun.isRaised })
            try await #expect(queue.cancel(job.id, in: database))
            await worker.stop()
        }
    }
}

/// Runs `body` beside a worker, which is stopped afterwards.
private func withWorker(
    _ backend: TestDatabase, _ handlers: [String: JobHandler], idlePause: Duration = .seconds(1), policy: JobPolicy = JobPolicy(),
    _ body: @Sendable @escaping (JobWorker, JobQueue, DatabasePool) async throws -> Void
) async throws {
    try await backend.withPool { database in
        try await database.script(JobSchema.current(database.dialect))
        try await database.script("CREATE TABLE effects (what varchar(100))")
        let queue = JobQueue(loop: database.loop, database: database, policy: policy)
        let worker = JobWorker(queue: queue, database: database, name: "w", idlePause: idlePause, handlers: handlers)
        let run = Task(executorPreference: database.loop) { await worker.run() }
        do {
            try await body(worker, queue, database)
        } catch {
            await worker.stop()
            await run.value
            throw error
        }
        await worker.stop()
        await run.value
    }
}
