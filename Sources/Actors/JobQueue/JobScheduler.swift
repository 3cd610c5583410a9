// Turns schedules into jobs. Owns nothing: when each is due stands in `job_schedules`, so that all workers of all processes read
// the same clock hand. A value of lets; runs on its queue's loop.

public import Reactor

/// Enqueues each occurrence of each schedule once, however many workers look.
public struct JobScheduler: Sendable {
    let queue: JobQueue
    let database: DatabasePool

    public init(queue: JobQueue, database: DatabasePool) {
        self.queue = queue
        self.database = database
    }

    /// Writes the program's schedules down. One whose expression has changed is due anew; one that somebody has disabled in the
    /// table stays so.
    public func declare(_ schedules: [JobSchedule], now: Timestamp = .now()) async throws(DatabaseError) {
        for schedule in schedules {
            _ = try await database.execute(
                JobStatements.declareSchedule,
                [
                    .text(schedule.name), .text(schedule.cron.text), .text(schedule.kind), .text(schedule.payload),
                    JobScheduler.next(of: schedule.cron, after: now), .timestamp(now),
                ])
        }
    }

    /// Enqueues the jobs of the schedules that are due. What was due several times while nobody looked is enqueued once.
    /// - Returns: when to look again; nil where nothing will be due.
    /// - Throws: ``DatabaseError``, `CancellationError`.
    public func enqueueDue(now: Timestamp = .now()) async throws -> Timestamp? {
        for row in try await database.execute(JobStatements.dueSchedules, [.timestamp(now)]) {
            let due = Due(
                name: try row.text(0), kind: try row.text(2), payload: try row.text(3), at: try row.timestamp(4),
                // An expression that somebody has spoilt in the table is not due again.
                next: (try? CronExpression(row.asciiString(1))).map { JobScheduler.next(of: $0, after: now) } ?? .null)
            try await enqueue(due, now: now)
        }
        return try await database.execute(JobStatements.nextSchedule, []).first?.optionalTimestamp(0)
    }

    private struct Due: Sendable {
        let name: Text
        let kind: Text
        let payload: Text
        let at: Timestamp
        let next: SQLValue
    }

    /// The job and the step of the schedule are one transaction: of several workers one finds the schedule as it was read.
    private func enqueue(_ due: Due, now: Timestamp) async throws {
        let queue = self.queue
        try await database.withTransaction { transaction in
            let rows = try await transaction.execute(
                JobStatements.stepSchedule, [.text(due.name), .timestamp(due.at), .timestamp(now), due.next])
            guard rows.affectedRows == 1 else { return }
            try await queue.enqueue(NewJob(storedKind: due.kind, payload: due.payload), in: transaction, now: now)
        }
    }

    private static func next(of cron: CronExpression, after now: Timestamp) -> SQLValue {
        cron.next(after: now).map { .timestamp($0) } ?? .null
    }
}
