// The worker, on real databases.

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
    func maintenanceRemovesWhatExpiredLongAgoAndNothingElse(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: { $0.jobs.pollInterval = .milliseconds(5) }) { app in
            _ = try await app.registered()
            _ = try await app.loggedIn("alice@example.com", TestApp.password)
            try await #expect(Self.count("sessions", app) == 2)
            let longAgo = Timestamp.now() + (.zero - .seconds(30 * 86_400))
            _ = try await app.services.database.execute(
                .write("UPDATE sessions SET expires_at = $1 WHERE id IN (SELECT id FROM sessions LIMIT 1)"), [.timestamp(longAgo)])
            try await Self.work(app) { try await Self.count("sessions", app) == 1 }
            try await #expect(Self.count("sessions", app) == 1)
            try await #expect(Self.count("refresh_tokens", app) == 1)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func twoWorkersQueueMaintenanceOnce(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: { $0.jobs.pollInterval = .milliseconds(5) }) { app in
            let other = RunningWorker(app.services)
            try await Self.work(app) { try await app.services.jobs.countsByStatus()[.succeeded] == 1 }
            await other.stop(within: .seconds(5))
            try await #expect(Self.count("jobs", app) == 1)
        }
    }

    @Test func allWorkersMeanTheSameMaintenanceJobInOneInterval() {
        let hour = Duration.seconds(3_600)
        let start = Timestamp(microseconds: 1_800_000_000_000_000)
        let job = MaintenanceJob.job(at: start, every: hour)
        #expect(MaintenanceJob.job(at: start + .seconds(3_599), every: hour).id == job.id)
        #expect(MaintenanceJob.job(at: start + .seconds(3_600), every: hour).id != job.id)
    }
}
