// The health monitor, with dependencies of the test's own.

@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct HealthMonitorTests {
    private static let healthy = HealthCheck(status: .healthy)

    private static func probes(
        database: @escaping @Sendable () async -> HealthCheck = { healthy },
        isSchemaCurrent: @escaping @Sendable () async -> Bool? = { true },
        cache: @escaping @Sendable () async -> HealthCheck = { healthy }
    ) -> HealthProbes {
        HealthProbes(
            database: database, isSchemaCurrent: isSchemaCurrent, cache: cache, jobs: { healthy }, disk: { healthy })
    }

    private static func monitor(_ loop: EventLoop, _ probes: HealthProbes) -> HealthMonitor {
        HealthMonitor(loop: loop, probes: probes, period: .milliseconds(5), deadline: .milliseconds(20))
    }

    @Test func isReadyWhenEverythingIsWell() async throws {
        try await withLoop { isolation in
            let monitor = Self.monitor(isolation.loop, Self.probes())
            #expect(await monitor.current.status == .unhealthy)
            await monitor.start()
            #expect(await monitor.whyNotReady == nil)
            #expect(await monitor.current.status == .healthy)
            await monitor.beginDraining()
            #expect(await monitor.whyNotReady == "draining")
            await monitor.stop()
        }
    }

    @Test func aDatabaseThatDoesNotAnswerIsUnhealthyWhileItIsStillAsked() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let monitor = Self.monitor(
                loop,
                Self.probes(database: {
                    try? await loop.sleep(for: .seconds(60))
                    return Self.healthy
                }))
            await monitor.start()
            let isNoticed = try await eventually(on: loop) { await monitor.current.database.status == .unhealthy }
            #expect(isNoticed)
            #expect(await monitor.whyNotReady == "database")
            #expect(await monitor.current.status == .unhealthy)
            await monitor.stop()
        }
    }

    @Test func isReadyAgainWhenTheDatabaseIsBack() async throws {
        try await withLoop { isolation in
            let isBack = Flag()
            let monitor = Self.monitor(
                isolation.loop, Self.probes(database: { isBack.isRaised ? Self.healthy : HealthCheck(status: .unhealthy) }))
            await monitor.start()
            #expect(await monitor.whyNotReady == "database")
            isBack.raise()
            let isReady = try await eventually(on: isolation.loop) { await monitor.whyNotReady == nil }
            #expect(isReady)
            await monitor.stop()
        }
    }

    @Test func pendingMigrationsAreAReasonNotToBeReady() async throws {
        try await withLoop { isolation in
            let monitor = Self.monitor(isolation.loop, Self.probes(isSchemaCurrent: { false }))
            await monitor.start()
            #expect(await monitor.whyNotReady == "migrations")
            #expect(await monitor.current.status == .healthy)
            await monitor.stop()
        }
    }

    @Test func withoutRedisItIsDegradedAndReady() async throws {
        try await withLoop { isolation in
            let monitor = Self.monitor(isolation.loop, Self.probes(cache: { HealthCheck(status: .degraded, detail: "redis") }))
            await monitor.start()
            #expect(await monitor.current.status == .degraded)
            #expect(await monitor.whyNotReady == nil)
            await monitor.stop()
        }
    }
}
