// The questions that a running server's health monitor asks.

import Actors
import Reactor

extension HealthProbes {
    /// Below this much room on the disk an operator should know.
    private static let lowDiskBytes = 256 << 20

    /// Refused where a write is (25006, 42501), and takes no row. Every service writes here when somebody logs in.
    private static let writeProbe = SQLStatement.write(
        postgres: "SELECT id FROM users WHERE false FOR UPDATE", sqlite: "SELECT 1")

    /// - Parameters:
    ///   - pools: of all loops, the monitor's first: each has connections of its own, and a loop that has none fails its requests.
    ///   - redis: of all loops, the monitor's first.
    init(
        pools: [DatabasePool], redis: [RedisClient]?, jobs: JobQueue, dataDirectory: String, metrics: PrometheusMetrics
    ) {
        let database = pools[0]
        let loop = database.loop
        self.init(
            database: { await HealthProbes.check(pools) },
            isSchemaCurrent: { try? await Migrator(pool: database).isUpToDate() },
            cache: {
                guard let clients = redis else { return HealthCheck(status: .healthy, detail: "in-process") }
                // Each loop has a connection of its own, which may lead to another server.
                let healths = await withTaskGroup(of: RedisHealth.self) { group in
                    for client in clients { group.addTask(executorPreference: client.loop) { await client.health() } }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                guard let health = healths.first(where: { !$0.isUp }) ?? healths.first else { return HealthCheck(status: .healthy) }
                let detail = if case .server(let error)? = health.problem { "redis: \(error.code)" } else { "redis" }
                return HealthCheck(
                    status: health.isUp ? .healthy : .degraded, latency: health.latency, detail: detail,
                    problem: health.problem.map { "\($0)" })
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

    private static func check(_ pools: [DatabasePool]) async -> HealthCheck {
        let kind = pools[0].dialect == .postgres ? "postgresql" : "sqlite"
        let healths = await withTaskGroup(of: PoolHealth.self) { group in
            for pool in pools { group.addTask(executorPreference: pool.loop) { await pool.health(trying: writeProbe) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let latency = healths.map(\.latency).max()
        guard let problem = healths.lazy.compactMap(\.problem).first else {
            return HealthCheck(status: .healthy, latency: latency, detail: kind)
        }
        guard case .incapable(let reason) = problem else {
            return HealthCheck(status: .unhealthy, latency: latency, detail: kind, problem: "\(problem)")
        }
        return HealthCheck(status: .unhealthy, latency: latency, detail: "\(kind): \(reason)", problem: "\(reason)")
    }
}
