// Schedules on real databases, with a clock of the test's own.

import Actors
import Reactor
import TestSupport
import Testing

@Suite struct JobSchedulerTests {
    private static let start = Timestamp(seconds: 1_800_000_000)
    private static let hourly = CronExpression.hourly

    @Test(arguments: TestDatabase.available)
    func anOccurrenceIsEnqueuedOnceHoweverManyLook(_ backend: TestDatabase) async throws {
        try await withScheduler(backend) { scheduler, queue, database in
            try await scheduler.declare([JobSchedule(name: "tidy", cron: Self.hourly, kind: "k", payload: #"{"a":1}"#)], now: Self.start)
            let due = try #require(try await scheduler.enqueueDue(now: Self.start))
            #expect(due == Self.hourly.next(after: Self.start))
            try await #expect(queue.countsByStatus().isEmpty)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask(executorPreference: queue.loop) { _ = try await scheduler.enqueueDue(now: due) }
                }
                try await group.waitForAll()
            }
            let job = try #require(try await queue.claim(worker: "w", limit: 9, now: due).first)
            #expect(job.kind == "k")
            #expect(job.payload == #"{"a":1}"#)
            try await #expect(queue.countsByStatus() == [.running: 1])
        }
    }

    @Test(arguments: TestDatabase.available)
    func whatWasMissedWhileNobodyWorkedIsRunOnce(_ backend: TestDatabase) async throws {
        try await withScheduler(backend) { scheduler, queue, database in
            try await scheduler.declare([JobSchedule(name: "tidy", cron: Self.hourly, kind: "k")], now: Self.start)
            let later = Self.start + .seconds(10 * 86_400)
            try await #expect(scheduler.enqueueDue(now: later) == Self.hourly.next(after: later))
            try await #expect(queue.countsByStatus() == [.pending: 1])
        }
    }

    @Test(arguments: TestDatabase.available)
    func aChangedExpressionIsDueAnewAndADisabledScheduleStaysSo(_ backend: TestDatabase) async throws {
        try await withScheduler(backend) { scheduler, queue, database in
            let nightly = CronExpression.daily(hour: 3)
            try await scheduler.declare([JobSchedule(name: "tidy", cron: Self.hourly, kind: "k")], now: Self.start)
            // The same once more moves nothing.
            try await scheduler.declare([JobSchedule(name: "tidy", cron: Self.hourly, kind: "k")], now: Self.start + .seconds(7_200))
            try await #expect(scheduler.enqueueDue(now: Self.start) == Self.hourly.next(after: Self.start))
            try await scheduler.declare([JobSchedule(name: "tidy", cron: nightly, kind: "k")], now: Self.start)
            try await #expect(scheduler.enqueueDue(now: Self.start) == nightly.next(after: Self.start))
            let off: SQLValue = database.dialect == .sqlite ? .int(0) : .bool(false)
            _ = try await database.execute(.write("UPDATE job_schedules SET enabled = $1"), [off])
            try await scheduler.declare([JobSchedule(name: "tidy", cron: Self.hourly, kind: "k")], now: Self.start)
            try await #expect(scheduler.enqueueDue(now: Self.start + .seconds(86_400)) == nil)
            try await #expect(queue.countsByStatus().isEmpty)
        }
    }

    @Test(arguments: TestDatabase.available)
    func anExpressionThatNeverComesIsNeverDue(_ backend: TestDatabase) async throws {
        try await withScheduler(backend) { scheduler, queue, database in
            let never = try CronExpression("0 0 31 2 *")
            try await scheduler.declare([JobSchedule(name: "never", cron: never, kind: "k")], now: Self.start)
            try await #expect(scheduler.enqueueDue(now: Self.start + .seconds(366 * 86_400)) == nil)
        }
    }

    @Test(arguments: TestDatabase.available)
    func anExpressionThatIsSpoiltInTheTableRunsOnceMoreAndNeverAgain(_ backend: TestDatabase) async throws {
        try await withScheduler(backend) { scheduler, queue, database in
            try await scheduler.declare([JobSchedule(name: "tidy", cron: Self.hourly, kind: "k")], now: Self.start)
            _ = try await database.execute(.write("UPDATE job_schedules SET cron = 'every now and then'"), [])
            try await #expect(scheduler.enqueueDue(now: Self.start + .seconds(7_200)) == nil)
            try await #expect(queue.countsByStatus() == [.pending: 1])
        }
    }
}

extension CronExpression {
    /// At every full hour.
    fileprivate static let hourly: CronExpression = (try? CronExpression("@hourly")) ?? .daily(hour: 0)
}

private func withScheduler(
    _ backend: TestDatabase, _ body: @Sendable @escaping (JobScheduler, JobQueue, DatabasePool) async throws -> Void
) async throws {
    try await backend.withPool { database in
        try await database.script(JobSchema.current(database.dialect))
        let queue = JobQueue(loop: database.loop, database: database)
        try await body(JobScheduler(queue: queue, database: database), queue, database)
    }
}
