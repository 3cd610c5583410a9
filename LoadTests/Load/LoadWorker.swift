// Holds a loop's driver as its isolated state, so that the program may talk to it from its main task.

import Histogram
import Reactor

/// One loop's part in a run.
actor LoadWorker {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private let driver: LoadDriver

    init(loop: EventLoop, plan: LoadPlan, operations: Int) {
        self.loop = loop
        driver = LoadDriver(loop: loop, plan: plan, operations: operations)
    }

    /// Connects, and signs this loop's users in.
    func prepare(_ scenario: any Scenario, users: [Int]) async throws {
        try await driver.prepare(users.map { (number: $0, user: scenario.user($0)) })
    }

    /// Measures.
    func run(from start: MonotonicInstant, share index: Int, of count: Int) async throws -> Recorder {
        try await driver.run(from: start, share: index, of: count)
        return driver.recorder
    }

    /// The server's counters, asked for on a connection beside the users'.
    func counters(_ url: TargetURL) async throws -> CounterPage {
        try await CounterPage.read(url, on: loop)
    }

    /// Requests and failures so far, and the latency that 99 of 100 stay below.
    var progress: (requests: Int, failures: Int, p99Micros: Double) {
        let recorder = driver.recorder
        let p99 = recorder.requests == 0 ? 0 : Double(recorder.latencies.valueAtPercentile(99)) / 1_000
        return (recorder.requests, recorder.failureCount, p99)
    }
}
