// The questions that a running server's health monitor asks.

import Actors
import Reactor

extension HealthProbes {
    /// Below this much room on the disk an operator should know.
    private static let lowDiskBytes = 256 << 20

    /// - Parameters: of the monitor's loop.
    init(
        database: DatabasePool, redis: RedisClient?, jobs: JobQueue, dataDirectory: String, metrics: PrometheusMetrics
    ) {
        let loop = database.loop
        self.init(
            database: {
                let health = await database.health()
                return HealthCheck(
                    status: health.isUp ? .healthy : .unhealthy, latency: health.latency,
                    detail: database.dialect == .postgres ? "postgresql" : "sqlite")
            },
            isSchemaCurrent: { try? await Migrator(pool: database).isUpToDate() },
            cache: {
                guard let redis else { return HealthCheck(status: .healthy, detail: "in-process") }
                let health = await redis.health()
                return HealthCheck(status: health.isUp ? .healthy : .degraded, latency: health.latency, detail: "redis")
            },
            jobs: {
                let began = MonotonicInstant.now()
                do throws(DatabaseError) {
                    let counts = try await jobs.countsByStatus()
                    for status in JobStatus.allCases {
                        metrics.gauge("jobs", help: "Jobs by status", [("status", status.rawValue)]).set(Int64(counts[status, default: 0]))
                    }
                    let waiting = counts[.pending, default: 0] + counts[.retrying, default: 0]
                    let dead = counts[.dead, default: 0]
                    return HealthCheck(
                        status: .healthy, latency: MonotonicInstant.now() - began, detail: "\(waiting) waiting, \(dead) dead")
                } catch {
                    return HealthCheck(status: .unhealthy, latency: MonotonicInstant.now() - began, detail: "no answer")
                }
            },
            disk: {
                let began = MonotonicInstant.now()
                guard let space = try? await loop.runBlocking({ try DiskSpace.of(dataDirectory) }) else {
                    return HealthCheck(status: .degraded, detail: "the data folder cannot be read")
                }
                return HealthCheck(
                    status: space.availableBytes < HealthProbes.lowDiskBytes ? .degraded : .healthy,
                    latency: MonotonicInstant.now() - began,
                    detail: "\(space.availableBytes >> 20) MiB free")
            })
    }
}
