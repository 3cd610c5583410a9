// What is read at a scrape rather than counted as it happens: loops, pools, caches, limiters, the process. Pure but for asking
// the actors of all loops.

import Actors
import Reactor

/// All families of the server.
enum RuntimeMetrics {
    /// What was counted and what is read, by name.
    static func collect(_ backend: Backend) async -> [MetricFamily] {
        var families = backend.metrics.families()
        families += process(backend)
        families += await loops(backend)
        families += await server(backend)
        families += await health(backend)
        families += await pools(backend)
        families += await stores(backend)
        if let redis = backend.redis { families += await self.redis(redis) }
        return families.sorted { $0.name < $1.name }
    }

    private static func process(_ backend: Backend) -> [MetricFamily] {
        let process = ProcessStatistics.current()
        return [
            MetricFamily("process_cpu_seconds_total", .counter, help: "Processor time, user and system", .seconds(process.cpuTime)),
            MetricFamily(
                "process_resident_memory_bytes", .gauge, help: "Memory that is in RAM", .integer(process.residentMemoryBytes)),
            MetricFamily("process_open_fds", .gauge, help: "Open file descriptors", .integer(process.openFileDescriptors)),
            MetricFamily("process_max_fds", .gauge, help: "File descriptors that may be open", .integer(process.maxFileDescriptors)),
            MetricFamily(
                "process_uptime_seconds", .gauge, help: "Time since the start", .seconds(MonotonicInstant.now() - backend.startedAt)),
            MetricFamily(
                "reactor_info", .gauge, help: "Constant 1, with the version",
                samples: [.init(.integer(1), ("version", Version.current))]),
        ]
    }

    private static func loops(_ backend: Backend) async -> [MetricFamily] {
        var statistics: [EventLoopStatistics] = []
        for loop in backend.loops { statistics.append(await loop.isolation.run { $0.loop.statistics }) }
        func family(
            _ name: String, _ kind: MetricFamily.Kind, help: String, _ value: (EventLoopStatistics) -> Int
        ) -> MetricFamily {
            MetricFamily(
                name, kind, help: help,
                samples: statistics.enumerated().map { .init(.integer(value($0.element)), ("loop", String($0.offset))) })
        }
        return [
            family("event_loop_ticks_total", .counter, help: "Times that the loop polled") { $0.ticks },
            family("event_loop_jobs_total", .counter, help: "Swift jobs run") { $0.jobsRun },
            family("event_loop_jobs_enqueued_total", .counter, help: "Swift jobs enqueued on the loop's own thread") { $0.jobsEnqueued },
            family("event_loop_jobs_from_elsewhere_total", .counter, help: "Swift jobs enqueued by other threads") { $0.jobsFromElsewhere },
            family("event_loop_wake_ups_total", .counter, help: "Wake-ups by other threads, one a burst") { $0.wakeUps },
            family("event_loop_jobs_ready", .gauge, help: "Swift jobs that wait for the loop") { $0.jobsReady },
            MetricFamily(
                "event_loop_longest_piece_seconds", .gauge, help: "The longest that one piece of work has held the loop",
                samples: statistics.enumerated().map { .init(.seconds($0.element.longestPiece), ("loop", String($0.offset))) }),
            family("event_loop_long_pieces_total", .counter, help: "Pieces of work that held the loop for 10 ms or more") { $0.longPieces },
        ]
    }

    private static func server(_ backend: Backend) async -> [MetricFamily] {
        guard let server = backend.server else { return [] }
        let statistics = await server.statistics()
        let certificate = server.certificateExpiry.map { expiry in
            MetricFamily(
                "tls_certificate_expiry_timestamp_seconds", .gauge, help: "UNIX time at which the certificate ends",
                .integer(Int(expiry.seconds)))
        }
        return (certificate.map { [$0] } ?? []) + [
            MetricFamily("http_connections_open", .gauge, help: "Connections of clients", .integer(statistics.connectionsOpen)),
            MetricFamily(
                "http_connections_accepted_total", .counter, help: "Connections accepted", .integer(statistics.connectionsAccepted)),
            MetricFamily(
                "http_connections_refused_total", .counter, help: "Connections refused for being too many",
                .integer(statistics.connectionsRefused)),
            MetricFamily(
                "http_malformed_requests_total", .counter, help: "Requests refused by the parser",
                .integer(statistics.malformedRequests)),
            MetricFamily(
                "http_timeouts_total", .counter, help: "Connections ended by a time limit", .integer(statistics.timeouts)),
            MetricFamily(
                "tls_handshake_failures_total", .counter, help: "Connections that ended before their handshake did",
                .integer(statistics.failedHandshakes)),
        ]
    }

    /// What the health page says, for alerts: above all how long database and Redis take to answer.
    private static func health(_ backend: Backend) async -> [MetricFamily] {
        let report = await backend.health.current
        let checks = [("database", report.database), ("cache", report.cache), ("jobs", report.jobs), ("disk", report.disk)]
        return [
            MetricFamily(
                "health_check_healthy", .gauge, help: "1 where all is well, 0 where a part is degraded or away",
                samples: checks.map { .init(.integer($0.1.status == .healthy ? 1 : 0), ("check", $0.0)) }),
            MetricFamily(
                "health_check_latency_seconds", .gauge, help: "How long the latest look took, where it asked somebody",
                samples: checks.compactMap { name, check in check.latency.map { .init(.seconds($0), ("check", name)) } }),
        ]
    }

    private static func pools(_ backend: Backend) async -> [MetricFamily] {
        var statistics: [PoolStatistics] = []
        for pool in backend.pools { statistics.append(await pool.statistics) }
        func family(
            _ name: String, _ kind: MetricFamily.Kind = .gauge, help: String, _ value: (PoolStatistics) -> Int
        ) -> MetricFamily {
            MetricFamily(
                name, kind, help: help,
                samples: statistics.enumerated().map { .init(.integer(value($0.element)), ("loop", String($0.offset))) })
        }
        return [
            family("database_pool_size", help: "Open connections") { $0.size },
            family("database_pool_in_use", help: "Connections that one caller has to itself") { $0.inUse },
            family("database_pool_waiters", help: "Callers that wait for a connection") { $0.waiters },
            family("database_statements_in_flight", help: "Statements that were sent and are not answered") { $0.inFlight },
            family("database_statements_total", .counter, help: "Statements outside of transactions") { $0.statements },
            MetricFamily(
                "database_statement_seconds_total", .counter, help: "Time that statements took together, waiting for a connection included",
                samples: statistics.enumerated().map { .init(.seconds($0.element.statementTime), ("loop", String($0.offset))) }),
            family("database_transactions_total", .counter, help: "Transactions") { $0.transactions },
            family("database_errors_total", .counter, help: "Statements and transactions that failed") { $0.errors },
            family("database_retries_total", .counter, help: "Transactions run again after a collision") { $0.retries },
            family("database_connects_total", .counter, help: "Connections made") { $0.connects },
            family("database_connect_failures_total", .counter, help: "Attempts to connect that failed") { $0.connectFailures },
        ]
    }

    private static func stores(_ backend: Backend) async -> [MetricFamily] {
        let cache = await backend.caches.statistics()
        let limiter = await backend.limiters.statistics()
        return [
            MetricFamily("cache_hits_total", .counter, help: "Look-ups that found a value", .integer(cache.hits)),
            MetricFamily("cache_misses_total", .counter, help: "Look-ups that found none", .integer(cache.misses)),
            MetricFamily("cache_loads_total", .counter, help: "Values loaded after a miss", .integer(cache.loads)),
            MetricFamily("cache_bypasses_total", .counter, help: "Look-ups that Redis did not answer", .integer(cache.bypasses)),
            MetricFamily("cache_invalidations_total", .counter, help: "Namespaces invalidated", .integer(cache.invalidations)),
            MetricFamily("cache_entries", .gauge, help: "Entries in the process", .integer(cache.entries)),
            MetricFamily("cache_bytes", .gauge, help: "Size in the process", .integer(cache.bytes)),
            MetricFamily("cache_evictions_total", .counter, help: "Entries that had to make room", .integer(cache.evictions)),
            MetricFamily(
                "rate_limit_decisions_total", .counter, help: "Decisions of the rate limiter",
                samples: [
                    .init(.integer(limiter.allowed), ("decision", "allowed")), .init(.integer(limiter.refused), ("decision", "refused")),
                ]),
            MetricFamily(
                "rate_limit_fallbacks_total", .counter, help: "Decisions made in the process because Redis did not answer",
                .integer(limiter.fallbacks)),
            MetricFamily("rate_limit_local_keys", .gauge, help: "Keys that the process remembers", .integer(limiter.localKeys)),
        ]
    }

    private static func redis(_ clients: [RedisClient]) async -> [MetricFamily] {
        var statistics: [RedisStatistics] = []
        for client in clients { statistics.append(await client.statistics) }
        let commands = statistics.reduce(0) { $0 + $1.completed }
        return [
            MetricFamily("redis_commands_total", .counter, help: "Commands and batches that Redis answered", .integer(commands)),
            MetricFamily(
                "redis_command_seconds_total", .counter, help: "Time that those took together",
                .seconds(statistics.reduce(.zero) { $0 + $1.totalLatency })),
            MetricFamily(
                "redis_failures_total", .counter, help: "Commands that failed because of Redis or the way to it",
                .integer(statistics.reduce(0) { $0 + $1.failures })),
            MetricFamily(
                "redis_refused_total", .counter, help: "Commands that were not tried", .integer(statistics.reduce(0) { $0 + $1.refused })),
            MetricFamily(
                "redis_connected", .gauge, help: "Loops with a connection",
                .integer(statistics.reduce(0) { $0 + ($1.isConnected ? 1 : 0) })),
        ]
    }
}
