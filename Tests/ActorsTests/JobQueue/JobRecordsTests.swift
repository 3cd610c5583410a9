// What the queue tells of its jobs, and what can be done with one that has ended; on real databases, with a clock of the test's own.

import Actors
import Reactor
import TestSupport
import Testing

@Suite struct JobRecordsTests {
    private static let start = Timestamp(seconds: 1_800_000_000)

    @Test(arguments: TestDatabase.available)
    func aRunningJobShowsWhenItBeganAndHowFarItIs(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            let new = NewJob(kind: "k", priority: 4)
            try await queue.enqueue(new, in: database, now: Self.start)
            try await #expect(queue.record(new.id)?.startedAt == nil)
            let begin = Self.start + .seconds(5)
            let job = try #require(try await queue.claim(worker: "w", limit: 1, now: begin).first)
            try await queue.report(job, progress: 40, now: begin)
            var record = try #require(try await queue.record(new.id))
            #expect(record.startedAt == begin)
            #expect(record.progress == 40)
            #expect(record.priority == 4)
            #expect(record.maxAttempts == 5)
            try await queue.report(job, progress: 4_000, now: begin)
            try await #expect(queue.record(new.id)?.progress == 100)
            try await queue.fail(job, reason: "not today", now: begin, chance: 0)
            let again = begin + .seconds(60)
            try await #expect(queue.claim(worker: "w", limit: 1, now: again).count == 1)
            record = try #require(try await queue.record(new.id))
            #expect(record.startedAt == again)
            #expect(record.progress == 0)
        }
    }

    @Test(arguments: TestDatabase.available)
    func aJobThatIsDeadOrCancelledCanBeGivenAnotherLife(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            let new = NewJob(kind: "k")
            try await queue.enqueue(new, in: database, now: Self.start)
            for round in 0..<2 {
                let first = try #require(try await queue.claim(worker: "w", limit: 1, now: Self.start).first)
                let wasRevived = try await queue.revive(new.id, in: database, now: Self.start)
                #expect(!wasRevived)
                if round == 0 {
                    try await queue.fail(first, reason: "no", isPermanent: true, now: Self.start)
                } else {
                    try await #expect(queue.cancel(new.id, in: database, now: Self.start))
                }
                try await #expect(queue.revive(new.id, in: database, now: Self.start))
                let record = try #require(try await queue.record(new.id))
                #expect(record.status == .pending)
                #expect(record.finishedAt == nil)
                #expect(record.lastError == nil)
                #expect(record.maxAttempts == record.attempts + 5)
                // Whoever held it before holds it no more, whatever it is called.
                await #expect(throws: JobLeaseLost.self) { try await queue.complete(first, in: database, now: Self.start) }
                let second = try #require(try await queue.claim(worker: "w", limit: 1, now: Self.start).first)
                await #expect(throws: JobLeaseLost.self) { try await queue.complete(first, in: database, now: Self.start) }
                try await queue.fail(second, reason: "later", now: Self.start, chance: 0)
                _ = try await database.execute(.write("UPDATE jobs SET run_at = $1"), [.timestamp(Self.start)])
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func jobsAreListedNewestFirstByOwnerStatusAndKind(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            for number in 0..<7 {
                let job = NewJob(kind: number % 2 == 0 ? "even" : "odd", payload: "\(number)", ownerID: number < 5 ? 1 : nil)
                // Two of each moment: the id decides between them.
                try await queue.enqueue(job, in: database, now: Self.start + .seconds(number / 2))
                if number == 6 { _ = try await queue.cancel(job.id, in: database, now: Self.start) }
            }
            let all = try await queue.list(JobFilter(), limit: 100)
            #expect(all.total == 7)
            let moments = all.jobs.map(\.createdAt)
            #expect(moments == moments.sorted(by: >))
            try await #expect(queue.list(JobFilter(ownerID: 1), limit: 2).total == 5)
            try await #expect(queue.list(JobFilter(ownerID: 1, kind: "odd"), limit: 9).jobs.count == 2)
            try await #expect(queue.list(JobFilter(status: .cancelled), limit: 9).jobs.count == 1)
            try await #expect(queue.list(JobFilter(status: .cancelled, kind: "odd"), limit: 9).isEmpty)
            try await #expect(queue.list(JobFilter(), limit: 3, skip: 5).jobs == Array(all.jobs[5...]))
            try await #expect(queue.list(JobFilter(), limit: 3, skip: 50).total == 7)
            var walked: [JobRecord] = []
            var position: JobPosition?
            while true {
                let page = try await queue.list(JobFilter(), limit: 3, skip: 99, after: position ?? Self.beforeAll)
                #expect(page.total == 7)
                guard let last = page.jobs.last else { break }
                walked += page.jobs
                position = JobPosition(createdAt: last.createdAt, id: last.id)
            }
            #expect(walked == all.jobs)
        }
    }

    /// A place that every job is behind.
    private static let beforeAll = JobPosition(createdAt: start + .seconds(3_600), id: JobID())

    @Test(arguments: TestDatabase.available)
    func theNextJobThatIsDueIsKnown(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            try await #expect(queue.nextDue() == nil)
            for seconds in [90, 30, 60] {
                try await queue.enqueue(NewJob(kind: "k", runAt: Self.start + .seconds(seconds)), in: database, now: Self.start)
            }
            try await #expect(queue.nextDue() == Self.start + .seconds(30))
            _ = try await queue.claim(worker: "w", limit: 1, now: Self.start + .seconds(30))
            try await #expect(queue.nextDue() == Self.start + .seconds(60))
        }
    }

    @Test(arguments: TestDatabase.available)
    func jobsThatEndedLongAgoAreRemovedInPortions(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            for _ in 0..<5 {
                let job = NewJob(kind: "k")
                try await queue.enqueue(job, in: database, now: Self.start)
                _ = try await queue.cancel(job.id, in: database, now: Self.start)
            }
            let waiting = NewJob(kind: "k")
            try await queue.enqueue(waiting, in: database, now: Self.start - .seconds(86_400))
            let cutoff = Self.start + .seconds(1)
            try await #expect(queue.removeFinished(before: Self.start, limit: 9) == 0)
            try await #expect(queue.removeFinished(before: cutoff, limit: 3) == 3)
            try await #expect(queue.removeFinished(before: cutoff, limit: 3) == 2)
            try await #expect(queue.countsByStatus() == [.pending: 1])
        }
    }

    @Test(arguments: TestDatabase.available)
    func whatVersion2AddsCanBeTakenBack(_ backend: TestDatabase) async throws {
        try await withQueue(backend) { queue, database in
            try await queue.enqueue(NewJob(kind: "k"), in: database, now: Self.start)
            try await database.script(JobSchema.undoVersion2(database.dialect))
            try await database.script(JobSchema.version2(database.dialect))
            try await #expect(queue.countsByStatus() == [.pending: 1])
        }
    }
}

extension JobPage {
    fileprivate var isEmpty: Bool { jobs.isEmpty && total == 0 }
}

private func withQueue(
    _ backend: TestDatabase, _ body: @Sendable @escaping (JobQueue, DatabasePool) async throws -> Void
) async throws {
    try await backend.withPool { database in
        try await database.script(JobSchema.current(database.dialect))
        try await body(JobQueue(loop: database.loop, database: database), database)
    }
}
