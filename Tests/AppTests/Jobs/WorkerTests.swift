// The worker, on real databases: what it does by itself, and how it hears that there is something to do.

import Actors
@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct WorkerTests {
    /// Runs a worker until `condition` holds.
    private static func work(_ app: TestApp, until condition: () async throws -> Bool) async throws {
        let worker = RunningWorker(app.services)
        let deadline = MonotonicInstant.now() + .seconds(20)
        while try await !condition(), MonotonicInstant.now() < deadline { try await app.loop.sleep(for: .milliseconds(5)) }
        await worker.stop(within: .seconds(5))
    }

    private static func count(_ table: String, _ app: TestApp) async throws -> Int64 {
        try await app.services.database.execute(.read("SELECT count(*) FROM \(table)"), [])[0].int(0)
    }

    @Test(arguments: TestSetup.overSockets)
    func maintenanceRemovesWhatEndedLongAgoAndNothingElse(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let services = app.services
            _ = try await app.registered()
            _ = try await app.loggedIn("alice@example.com", TestApp.password)
            try await #expect(Self.count("sessions", app) == 2)
            let longAgo = Timestamp.now() - .seconds(60 * 86_400)
            _ = try await services.database.execute(
                .write("UPDATE sessions SET expires_at = $1 WHERE id IN (SELECT id FROM sessions LIMIT 1)"), [.timestamp(longAgo)])
            let (old, recent) = (NewJob(kind: "old"), NewJob(kind: "recent"))
            for (job, end) in [(old, longAgo), (recent, Timestamp.now())] {
                try await services.jobs.enqueue(job, in: services.database)
                try await #expect(services.jobs.cancel(job.id, in: services.database, now: end))
            }
            let maintenance = NewJob(kind: MaintenanceJob.kind)
            try await services.jobs.enqueue(maintenance, in: services.database)
            try await Self.work(app) { try await services.jobs.record(maintenance.id)?.status == .succeeded }
            try await #expect(Self.count("sessions", app) == 1)
            try await #expect(Self.count("refresh_tokens", app) == 1)
            try await #expect(services.jobs.record(old.id) == nil)
            try await #expect(services.jobs.record(recent.id)?.status == .cancelled)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func maintenanceRemovesMoreThanOneStatementMay(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: { $0.database.statementTimeout = .seconds(30) }) { app in
            _ = try await app.registered()
            // Of alice's one session, which goes on; then sessions of hers that are over.
            try await Self.fill("refresh_tokens (session_id, token_hash, expires_at)", "sessions.id, HASH, OVER", from: "sessions", app)
            try await Self.fill("sessions (id, user_id, expires_at)", "UUID, users.id, OVER", from: "users", app)
            try await Self.fill(
                "one_time_tokens (user_id, purpose, email, token_hash, expires_at)",
                "users.id, 'password_reset', users.email, HASH, OVER", from: "users", app)
            try await #expect(Self.count("sessions", app) > Int64(MaintenanceStep.maxRowsPerStatement))
            for step in MaintenanceStep.all { try await step.run(app.services, .now()) }
            try await #expect(Self.count("sessions", app) == 1)
            try await #expect(Self.count("refresh_tokens", app) == 1)
            try await #expect(Self.count("one_time_tokens", app) == 0)
        }
    }

    /// Adds one row more than a statement removes.
    private static func fill(_ table: String, _ values: String, from source: String, _ app: TestApp) async throws {
        func text(_ words: [(String, String)]) -> String {
            let values = words.reduce(values) { text, word in
                text.split(separator: word.0, omittingEmptySubsequences: false).joined(separator: word.1)
            }
            let last = MaintenanceStep.maxRowsPerStatement + 1
            return "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < \(last)) "
                + "INSERT INTO \(table) SELECT \(values) FROM numbers, \(source)"
        }
        let over = ("OVER", "'2020-01-01 00:00:00.000000'")
        let statement = SQLStatement.write(
            postgres: text([over, ("HASH", "decode(md5(n::text), 'hex')"), ("UUID", "gen_random_uuid()")]),
            sqlite: text([over, ("HASH", "randomblob(16)"), ("UUID", "printf('00000000-0000-4000-8000-%012x', n)")]))
        _ = try await app.services.database.execute(statement, [])
    }

    @Test(arguments: TestSetup.overSockets)
    func twoWorkersRunAScheduleThatIsDueOnce(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let services = app.services
            let scheduler = JobScheduler(queue: services.jobs, database: services.database)
            try await scheduler.declare(JobSchedules.all(services.configuration))
            _ = try await services.database.execute(
                .write("UPDATE job_schedules SET next_run_at = $1"), [.timestamp(.now() - .seconds(5 * 86_400))])
            let other = RunningWorker(services)
            try await Self.work(app) { try await services.jobs.countsByStatus()[.succeeded] == 1 }
            await other.stop(within: .seconds(5))
            let page = try await services.jobs.list(JobFilter(), limit: 10)
            #expect(page.jobs.map(\.kind) == [Text(MaintenanceJob.kind)])
            let next = try await services.database.execute(.read("SELECT next_run_at FROM job_schedules"), [])[0].timestamp(0)
            #expect(next > .now())
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aWorkerHearsOfItsProcessJobsAtOnce(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: { $0.jobs.pollInterval = .seconds(60) }) { app in
            let services = app.services
            let client = try await app.registered()
            let worker = RunningWorker(services)
            // One that is not on its first look any more.
            let first = NewJob(kind: MaintenanceJob.kind)
            try await services.jobs.enqueue(first, in: services.database)
            try await #expect(eventually(on: app.loop) { (try? await services.jobs.record(first.id)?.status) == .succeeded })
            let begin = MonotonicInstant.now()
            let answer = try await client.send("POST", "/tasks/send-welcome-email")
            let id = try #require(answer.json["task_id"]?.string.flatMap { JobID($0) })
            try await #expect(eventually(on: app.loop) { (try? await services.jobs.record(id)?.status) == .succeeded })
            #expect(MonotonicInstant.now() - begin < .seconds(2))
            await worker.stop(within: .seconds(5))
        }
    }

    @Test(.enabled(if: TestDatabase.hasPostgres))
    func aWorkerOnPostgresHearsOfAnotherProcessJobsAtOnce() async throws {
        try await TestApp.run(
            on: TestSetup(database: .postgres), configure: { $0.jobs.pollInterval = .seconds(60) }
        ) { app in
            let services = app.services
            // Another process' queue: its signal is not this worker's.
            let elsewhere = JobQueue(loop: app.loop, database: services.database)
            let worker = RunningWorker(services)
            let first = NewJob(kind: MaintenanceJob.kind)
            try await elsewhere.enqueue(first, in: services.database)
            try await #expect(eventually(on: app.loop) { (try? await elsewhere.record(first.id)?.status) == .succeeded })
            for _ in 0..<3 {
                let begin = MonotonicInstant.now()
                let job = NewJob(kind: MaintenanceJob.kind)
                try await services.database.withTransaction { try await elsewhere.enqueue(job, in: $0) }
                try await #expect(eventually(on: app.loop) { (try? await elsewhere.record(job.id)?.status) == .succeeded })
                #expect(MonotonicInstant.now() - begin < .seconds(2))
            }
            await worker.stop(within: .seconds(5))
        }
    }
}
