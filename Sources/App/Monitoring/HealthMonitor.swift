// Asks all the time how the server's dependencies do, so that nobody who wants to know has to wait for them. An actor pinned to
// one loop; one a process.
//
// A stopped PostgreSQL still accepts connections and answers nothing. So a check that takes too long counts as failed while it is
// still under way, and no second one is started beside it.

import Actors
import Logging
import Reactor

/// What a monitor asks: closures, so that tests can ask something else.
struct HealthProbes: Sendable {
    var database: @Sendable () async -> HealthCheck
    /// Nil where the database could not be asked: what was known stays.
    var isSchemaCurrent: @Sendable () async -> Bool?
    var cache: @Sendable () async -> HealthCheck
    var jobs: @Sendable () async -> HealthCheck
    var disk: @Sendable () async -> HealthCheck
}

/// Keeps a health report that is a second old at most where it matters, and five where it does not.
actor HealthMonitor {
    private enum Part: CaseIterable {
        case database, schema, cache, jobs, disk

        /// For how long good news is good: the schema takes a transaction, and counting jobs a look at the whole table.
        var repose: Duration {
            switch self {
            case .database, .cache: .zero
            case .jobs, .disk: .seconds(5)
            case .schema: .seconds(10)
            }
        }
    }

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let probes: HealthProbes
    /// How often dependencies are asked: with the deadline it bounds how late a failure is noticed (readiness: 2 s).
    private let period: Duration
    /// After this a check that is under way counts as failed.
    private let deadline: Duration
    private var report = HealthReport.unknown
    private var isSchemaCurrent = false
    /// When each part was last found to be well.
    private var wellAt: [Part: MonotonicInstant] = [:]
    /// Checks under way, with their beginning.
    private var running: [Part: (task: Task<Void, Never>, since: MonotonicInstant)] = [:]
    private var timer: LoopTimer?
    private let logger: Logger?
    /// Of the database and the cache: what was reported to be ill, and since when it has been well again.
    private var reported: Set<Part> = []
    private var recoveredAt: [Part: MonotonicInstant] = [:]
    /// What is well for less has not recovered: a full disk takes a small write now and then.
    private static let recovery = Duration.seconds(3)
    private(set) var isDraining = false

    /// - Parameter logger: told once when the database or the cache cannot serve, and once when it can again.
    init(
        loop: EventLoop, probes: HealthProbes, logger: Logger? = nil, period: Duration = .milliseconds(500),
        deadline: Duration = .seconds(1)
    ) {
        self.logger = logger
        self.loop = loop
        self.probes = probes
        self.period = period
        self.deadline = deadline
    }

    /// Asks everything once, and then again and again. Returns when there is a first report, at most a deadline later.
    func start() async {
        guard timer == nil else { return }
        startChecks()
        let timer = LoopTimer(loop: loop)
        self.timer = timer
        timer.start(after: period, repeating: period) { [unowned self] in
            assumeIsolated { $0.startChecks() }
        }
        let end = MonotonicInstant.now() + deadline
        while !running.isEmpty, MonotonicInstant.now() < end {
            do { try await loop.sleep(for: .milliseconds(2)) } catch { return }
        }
    }

    /// Stops asking; returns when nothing is under way any more. Must be called before the loop ends.
    func stop() async {
        timer?.stop()
        timer = nil
        let tasks = running.values.map(\.task)
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    /// From now on the server is not ready, whatever its dependencies say.
    func beginDraining() {
        isDraining = true
    }

    // MARK: Answers

    /// How everything does. Waits for nobody.
    var current: HealthReport {
        var report = report
        if isOverdue(.database) { report.database = overdue }
        if isOverdue(.cache) { report.cache = HealthCheck(status: .degraded, detail: "no answer") }
        if isOverdue(.jobs) { report.jobs = overdue }
        if isOverdue(.disk) { report.disk = overdue }
        return report
    }

    /// Why requests should go elsewhere; nil when they should come.
    var whyNotReady: String? {
        if isDraining { return "draining" }
        if current.database.status == .unhealthy { return "database" }
        if !isSchemaCurrent { return "migrations" }
        return nil
    }

    private var overdue: HealthCheck { HealthCheck(status: .unhealthy, latency: deadline, detail: "no answer") }

    private func isOverdue(_ part: Part) -> Bool {
        guard let since = running[part]?.since else { return false }
        return MonotonicInstant.now() - since > deadline
    }

    // MARK: Checks

    private func startChecks() {
        for part in Part.allCases where running[part] == nil {
            if let wellAt = wellAt[part], MonotonicInstant.now() - wellAt < part.repose { continue }
            let task = Task(executorPreference: loop) { await self.check(part) }
            running[part] = (task, .now())
        }
    }

    private func check(_ part: Part) async {
        let isWell: Bool
        switch part {
        case .database:
            report.database = await probes.database()
            logChange(to: report.database, of: .database, as: "the database")
            isWell = report.database.status == .healthy
        case .cache:
            report.cache = await probes.cache()
            logChange(to: report.cache, of: .cache, as: "Redis")
            isWell = report.cache.status == .healthy
        case .jobs:
            report.jobs = await probes.jobs()
            isWell = report.jobs.status == .healthy
        case .disk:
            report.disk = await probes.disk()
            isWell = report.disk.status == .healthy
        case .schema:
            let found = await probes.isSchemaCurrent()
            isSchemaCurrent = found ?? isSchemaCurrent
            isWell = found == true
        }
        wellAt[part] = isWell ? .now() : nil
        running[part] = nil
    }

    /// Logs one line a change of state, however many requests fail for it.
    private func logChange(to check: HealthCheck, of part: Part, as name: String) {
        guard !isDraining else { return }
        if check.status != .healthy {
            recoveredAt[part] = nil
            guard reported.insert(part).inserted else { return }
            logger?.warning("\(name) cannot serve", metadata: ["reason": "\(LogText.escaped(check.problem ?? "no answer"))"])
        } else if reported.contains(part) {
            let since = recoveredAt[part] ?? .now()
            recoveredAt[part] = since
            guard MonotonicInstant.now() - since >= HealthMonitor.recovery else { return }
            reported.remove(part)
            recoveredAt[part] = nil
            logger?.notice("\(name) serves again")
        }
    }
}
