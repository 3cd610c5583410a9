// What the live page needs of all metrics at one moment: counters as they stand. A value, made of a scrape; pure.

import Reactor

/// Totals and levels; two of them make a ``LiveSample``.
struct LiveReading: Sendable {
    let takenAt: MonotonicInstant
    /// Answers by the first digit of their status.
    private(set) var answers = [Int](repeating: 0, count: 6)
    /// Of all routes together.
    private(set) var durations = LatencyBuckets()
    let requestsInFlight: Int
    let connections: Int
    /// Seconds, of the loop that is the most behind.
    let loopLag: Double
    let loopJobs: Int
    let loopJobsFromElsewhere: Int
    let loopJobsReady: Int
    let poolSize: Int
    let poolInUse: Int
    let poolWaiters: Int
    let statements: Int
    let statementSeconds: Double
    let redisCommands: Int
    let redisSeconds: Double
    let cacheHits: Int
    let cacheMisses: Int
    let limiterAllowed: Int
    let limiterRefused: Int
    /// By status, in the order in which jobs go through them.
    let jobs: [(status: String, count: Int)]
    let cpuSeconds: Double
    let residentBytes: Int
    let descriptors: Int
    let uptimeSeconds: Double

    init(_ families: [MetricFamily], takenAt: MonotonicInstant) {
        let scrape = Scrape(families)
        self.takenAt = takenAt
        for sample in scrape.samples("http_requests_total") {
            guard let status = sample.labels.first(where: { $0.name == "status" })?.value.utf8.first else { continue }
            let digit = Int(status) - Int(UInt8(ascii: "0"))
            if answers.indices.contains(digit) { answers[digit] += Int(sample.value.number) }
        }
        for sample in scrape.samples("http_request_duration_seconds") { durations.add(sample.value) }
        requestsInFlight = scrape.count("http_requests_in_flight")
        connections = scrape.count("http_connections_open")
        loopLag = scrape.samples("event_loop_last_lag_seconds").map(\.value.number).max() ?? 0
        loopJobs = scrape.count("event_loop_jobs_total")
        loopJobsFromElsewhere = scrape.count("event_loop_jobs_from_elsewhere_total")
        loopJobsReady = scrape.count("event_loop_jobs_ready")
        poolSize = scrape.count("database_pool_size")
        poolInUse = scrape.count("database_pool_in_use")
        poolWaiters = scrape.count("database_pool_waiters")
        statements = scrape.count("database_statements_total")
        statementSeconds = scrape.total("database_statement_seconds_total")
        redisCommands = scrape.count("redis_commands_total")
        redisSeconds = scrape.total("redis_command_seconds_total")
        cacheHits = scrape.count("cache_hits_total")
        cacheMisses = scrape.count("cache_misses_total")
        limiterAllowed = scrape.count("rate_limit_decisions_total", "decision", "allowed")
        limiterRefused = scrape.count("rate_limit_decisions_total", "decision", "refused")
        jobs = scrape.samples("jobs").map { ($0.labels.first?.value ?? "", Int($0.value.number)) }
        cpuSeconds = scrape.total("process_cpu_seconds_total")
        residentBytes = scrape.count("process_resident_memory_bytes")
        descriptors = scrape.count("process_open_fds")
        uptimeSeconds = scrape.total("process_uptime_seconds")
    }
}

/// A scrape's families by name.
private struct Scrape {
    private let families: [String: MetricFamily]

    init(_ families: [MetricFamily]) {
        self.families = Dictionary(families.map { ($0.name, $0) }) { first, _ in first }
    }

    func samples(_ name: String) -> [MetricFamily.Sample] { families[name]?.samples ?? [] }

    /// The sum over all labels.
    func total(_ name: String) -> Double { samples(name).reduce(0) { $0 + $1.value.number } }

    func count(_ name: String) -> Int { Int(total(name)) }

    func count(_ name: String, _ label: String, _ value: String) -> Int {
        let found = samples(name).first { $0.labels.contains { $0.name == label && $0.value == value } }
        return Int(found?.value.number ?? 0)
    }
}

extension MetricFamily.Value {
    /// Of a counter or a gauge; 0 for what is no number, so that it can be made an integer.
    fileprivate var number: Double {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value.isFinite && value.magnitude < 1e15 ? value : 0
        case .histogram: 0
        }
    }
}
