// The queue on real databases, with a clock of the test's own.

import Actors
import Reactor
import TestSupport
import Testing

@Suite struct JobQueueTests {
    private static let start = Timestamp(seconds: 1_800_000_000)

    @Test(arguments: TestDatabase.available)
    func aJobExistsOnceItsTransactionCommits(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            struct Refused: Error {}
            let (kept, refused) = (NewJob(kind: "mail"), NewJob(kind: "mail"))
            try await database.withTransaction { try await queue.enqueue(kept, in: $0, now: Self.start) }
            await #expect(throws: Refused.self) {
                try await database.withTransaction {
                    try await queue.enqueue(refused, in: $0, now: Self.start)
                    throw Refused()
                }
            }
            try await #expect(queue.record(kept.id)?.status == .pending)
            try await #expect(queue.record(refused.id) == nil)
        }
    }

    @Test(arguments: TestDatabase.available)
    func theMostUrgentDueJobsAreClaimedFirst(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            let now = Self.start
            for (kind, priority, delay) in [("low", 0, 0), ("urgent", 9, 0), ("later", 99, 60), ("high", 5, 0)] {
                try await queue.enqueue(
                    NewJob(kind: kind, priority: priority, runAt: now + .seconds(delay)), in: database, now: now)
            }
            try await #expect(queue.claim(worker: "w", limit: 2, now: now).map(\.kind) == ["urgent", "high"])
            try await #expect(queue.claim(worker: "w", limit: 9, now: now).map(\.kind) == ["low"])
            try await #expect(queue.claim(worker: "w", limit: 9, now: now).isEmpty)
            try await #expect(queue.claim(worker: "w", limit: 9, now: now + .seconds(60)).map(\.kind) == ["later"])
        }
    }

    @Test(arguments: TestDatabase.available)
    func aClaimedJobCarriesWhatWasEnqueued(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            let new = NewJob(kind: "mail", payload: #"{"to":"ünïcode"}"#, ownerID: 7, priority: 3)
            try await queue.enqueue(new, in: database, now: Self.start)
            let job = try #require(try await queue.claim(worker: "w1", limit: 1, now: Self.start).first)
            #expect(job.id == new.id)
            #expect(job.kind == "mail")
            #expect(job.payload == new.payload)
            #expect(job.ownerID == 7)
            #expect(job.attempts == 1)
            #expect(job.maxAttempts == 5)
            #expect(job.worker == "w1")
        }
    }

    @Test(arguments: TestDatabase.available)
    func workersNeverGetTheSameJob(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            for _ in 0..<40 { try await queue.enqueue(NewJob(kind: "k"), in: database, now: Self.start) }
            let claimed = try await withThrowingTaskGroup(of: [JobID].self) { group in
                for worker in 0..<20 {
                    group.addTask(executorPreference: queue.loop) {
                        try await queue.claim(worker: "w\(worker)", limit: 3, now: Self.start).map(\.id)
                    }
                }
                var ids: [JobID] = []
                for try await some in group { ids += some }
                return ids
            }
            #expect(claimed.count == 40)
            #expect(Set(claimed).count == 40)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aCompletedJobKeepsItsResult(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            let new = NewJob(kind: "k")
            try await queue.enqueue(new, in: database, now: Self.start)
            let job = try #require(try await queue.claim(worker: "w", limit: 1, now: Self.start).first)
            let end = Self.start + .seconds(3)
            try await database.withTransaction { try await queue.complete(job, result: "42", in: $0, now: end) }
            let record = try #require(try await queue.record(new.id))
            #expect(record.status == .succeeded)
            #expect(record.result == "42")
            #expect(record.createdAt == Self.start)
            #expect(record.finishedAt == end)
            await #expect(throws: JobLeaseLost.self) { try await queue.complete(job, in: database, now: end) }
        }
    }

    @Test(arguments: TestDatabase.available)
    func effectsOfAWorkerThatLostItsLeaseAreRolledBack(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            try await database.script("CREATE TABLE effects (worker varchar(10))")
            try await queue.enqueue(NewJob(kind: "k"), in: database, now: Self.start)
            let slow = try #require(try await queue.claim(worker: "slow", limit: 1, now: Self.start).first)
            let later = Self.start + .seconds(31)
            try await #expect(queue.reclaimExpired(now: later) == 1)
            let quick = try #require(try await queue.claim(worker: "quick", limit: 1, now: later).first)
            #expect(quick.id == slow.id)
            #expect(quick.attempts == 2)
            for job in [slow, quick] {
                let insert = SQLStatement.write("INSERT INTO effects VALUES ($1)")
                try? await database.withTransaction { transaction in
                    _ = try await transaction.execute(insert, [.text(job.worker)])
                    try await queue.complete(job, in: transaction, now: later)
                }
            }
            let effects = try await database.execute(.read("SELECT worker FROM effects"), [])
            try #expect(effects.map { try $0.string(0) } == ["quick"])
            await #expect(throws: JobLeaseLost.self) { try await queue.heartbeat(slow, now: later) }
            await #expect(throws: JobLeaseLost.self) { try await queue.fail(slow, reason: "late", now: later) }
        }
    }

    @Test(arguments: TestDatabase.available)
    func aHeartbeatProlongsTheLease(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            try await queue.enqueue(NewJob(kind: "k"), in: database, now: Self.start)
            let job = try #require(try await queue.claim(worker: "w", limit: 1, now: Self.start).first)
            try await queue.heartbeat(job, now: Self.start + .seconds(20))
            try await #expect(queue.reclaimExpired(now: Self.start + .seconds(31)) == 0)
            try await #expect(queue.reclaimExpired(now: Self.start + .seconds(51)) == 1)
            try await #expect(queue.record(job.id)?.status == .retrying)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aFailingJobIsTriedFiveTimesAndThenDead(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            let new = NewJob(kind: "k")
            try await queue.enqueue(new, in: database, now: Self.start)
            var now = Self.start
            for attempt in 1...5 {
                let job = try #require(try await queue.claim(worker: "w", limit: 1, now: now).first)
                #expect(job.attempts == attempt)
                switch try await queue.fail(job, reason: "no route to host", now: now, chance: 1) {
                case .retry(let at):
                    #expect(attempt < 5)
                    #expect(at == now + queue.policy.backOff(attempts: attempt, chance: 1))
                    try await #expect(queue.claim(worker: "w", limit: 1, now: now).isEmpty)
                    now = at
                case .dead:
                    #expect(attempt == 5)
                }
            }
            let record = try #require(try await queue.record(new.id))
            #expect(record.status == .dead)
            #expect(record.lastError == "no route to host")
            #expect(record.finishedAt == now)
            try await #expect(queue.claim(worker: "w", limit: 1, now: now + .seconds(9_999)).isEmpty)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aJobThatKeepsEndingItsWorkerDiesToo(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            let new = NewJob(kind: "k")
            try await queue.enqueue(new, in: database, now: Self.start)
            var now = Self.start
            for _ in 1...5 {
                try await #expect(queue.claim(worker: "w", limit: 1, now: now).count == 1)
                now = now + .seconds(30)
                try await #expect(queue.reclaimExpired(now: now) == 1)
            }
            let record = try #require(try await queue.record(new.id))
            #expect(record.status == .dead)
            #expect(record.finishedAt == now)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aCancelledJobIsNotBegunAndOneThatRunsLosesItsLease(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            let new = NewJob(kind: "k")
            try await queue.enqueue(new, in: database, now: Self.start)
            try await #expect(queue.cancel(new.id, in: database, now: Self.start))
            try await #expect(queue.record(new.id)?.status == .cancelled)
            try await #expect(queue.claim(worker: "w", limit: 1, now: Self.start).isEmpty)
            let begun = NewJob(kind: "k")
            try await queue.enqueue(begun, in: database, now: Self.start)
            let held = try #require(try await queue.claim(worker: "w", limit: 1, now: Self.start).first)
            try await #expect(queue.cancel(begun.id, in: database, now: Self.start))
            await #expect(throws: JobLeaseLost.self) { try await queue.heartbeat(held, now: Self.start) }
            await #expect(throws: JobLeaseLost.self) { try await queue.report(held, progress: 50, now: Self.start) }
            await #expect(throws: JobLeaseLost.self) { try await queue.complete(held, in: database, now: Self.start) }
            let wasCancelledAgain = try await queue.cancel(begun.id, in: database, now: Self.start)
            #expect(!wasCancelledAgain)
        }
    }

    @Test(arguments: TestDatabase.available)
    func jobsAreCountedByTheirState(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            for _ in 0..<3 { try await queue.enqueue(NewJob(kind: "k"), in: database, now: Self.start) }
            _ = try await queue.claim(worker: "w", limit: 1, now: Self.start)
            try await #expect(queue.countsByStatus() == [.pending: 2, .running: 1])
        }
    }
}

private func withQueue(
    _ backend: TestDatabase, _ body: @Sendable @escaping (JobQueue, DatabasePool) async throws -> Void
) async throws {
    try await backend.withPool { database in
        try await database.script(JobSchema.current(database.dialect))
        try await body(JobQueue(loop: database.loop, database: database), database)
    }
}
