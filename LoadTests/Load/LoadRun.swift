// One run from its first connection to its result: loops, users, clock, progress, meters. Runs on the main task.

import FoundationEssentials
import Reactor

/// A run about to be made.
struct LoadRun {
    let options: Load
    let url: TargetURL
    let scenario: any Scenario

    func result() async throws -> LoadResult {
        let plan = try makePlan()
        let server = try options.serverPid.map { try ServerMeter(name: "server", pid: $0) }
        let others = try options.process.map { text in
            let parts = text.split(separator: "=")
            guard parts.count == 2, let pid = Int(parts[1]) else { throw LoadError(description: "\(text) is not NAME=PID") }
            return try ServerMeter(name: String(parts[0]), pid: pid)
        }
        let counts = try CountSources(counters: options.counters, allocations: options.allocations)
        var result = emptyResult(plan)
        let loops = options.loops
        let recorder = try await EventLoopGroup.withGroup(loops: loops) { group in
            let workers = group.loops.map { LoadWorker(loop: $0, plan: plan, operations: scenario.operations.count) }
            var progress = Progress()
            progress.phase("connecting, signing in")
            try await prepare(workers)
            // A source that is not there ends the run before it begins; one that does not answer under load only costs its figures.
            _ = try await counts?.snapshot(on: workers[0])
            let start = MonotonicInstant.now() + plan.warmUp + .milliseconds(20)
            let work = Task { try await measure(workers, from: start) }
            progress.phase("warming up")
            try await sleep(until: start)
            let before = server?.snapshot()
            let othersBefore = others.map { $0.snapshot() }
            let countsBefore = try? await counts?.snapshot(on: workers[0])
            await watch(workers, plan, from: start, &progress)
            let recorder = try await work.value
            progress.end()
            let requests = recorder.requests
            if let server, let before { result.server = server.use(since: before, requests: requests) }
            result.others = zip(others, othersBefore).map { $0.use(since: $1, requests: requests) }
            if let countsBefore, let after = try? await counts?.snapshot(on: workers[0]) {
                result.counts = RequestCounts(from: countsBefore, to: after, requests: requests)
            }
            return recorder
        }
        result.take(recorder, operations: scenario.operations)
        return result
    }

    private func makePlan() throws -> LoadPlan {
        let ramp = Duration.seconds(options.ramp)
        return LoadPlan(
            url: url, connections: options.connections, duration: .seconds(options.duration), warmUp: .seconds(options.warmup),
            depth: options.depth, arrivals: options.rate.map { ArrivalSchedule(rate: $0, ramp: ramp) }, timeout: .seconds(options.timeout),
            connectionRamp: options.rate == nil ? ramp : .zero,
            tls: url.isTLS ? try TLSContext(trusting: options.insecure ? .anybody : .system) : nil)
    }

    private func emptyResult(_ plan: LoadPlan) -> LoadResult {
        LoadResult(
            scenario: scenario.name, url: url.description, command: CommandLine.arguments.joined(separator: " "),
            startedAt: Timestamp.now().rfc3339, machine: .current(), connections: plan.connections, loops: options.loops, depth: plan.depth,
            targetRate: options.rate, durationSeconds: options.duration, requests: 0, requestsPerSecond: 0, bodyBytes: 0, statuses: [:],
            failures: [:], reconnects: 0, unsent: 0, latency: LoadResult.Latency(.make()), operations: [], seconds: [], server: nil,
            others: [])
    }

    private func prepare(_ workers: [LoadWorker]) async throws {
        let (scenario, connections) = (self.scenario, options.connections)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, worker) in workers.enumerated() {
                let users = Array(stride(from: index, to: connections, by: workers.count))
                group.addTask(executorPreference: worker.loop) { try await worker.prepare(scenario, users: users) }
            }
            try await group.waitForAll()
        }
    }

    private func measure(_ workers: [LoadWorker], from start: MonotonicInstant) async throws -> Recorder {
        let empty = Recorder(operations: scenario.operations.count)
        return try await withThrowingTaskGroup(of: Recorder.self) { group in
            for (index, worker) in workers.enumerated() {
                group.addTask(executorPreference: worker.loop) { try await worker.run(from: start, share: index, of: workers.count) }
            }
            return try await group.reduce(into: empty) { $0.merge($1) }
        }
    }

    private func watch(_ workers: [LoadWorker], _ plan: LoadPlan, from start: MonotonicInstant, _ progress: inout Progress) async {
        let whole = plan.duration / .seconds(1)
        while true {
            let passed = (MonotonicInstant.now() - start) / .seconds(1)
            guard passed < whole else { return }
            var (requests, failures, slowest) = (0, 0, 0.0)
            for worker in workers {
                let now = await worker.progress
                requests += now.requests
                failures += now.failures
                slowest = max(slowest, now.p99Micros)
            }
            progress.show(passed: passed, of: whole, requests: requests, failures: failures, p99Micros: slowest)
            try? await Task.sleep(for: .seconds(min(1, whole - passed)))
        }
    }

    private func sleep(until moment: MonotonicInstant) async throws {
        let wait = moment - .now()
        if wait > .zero { try await Task.sleep(for: wait) }
    }
}
