// What one loop measures. Loop-bound while it runs, a value to be merged afterwards.

import Histogram
import Reactor

/// Latencies in nanoseconds, three significant digits, up to a minute: about 100 KiB a histogram.
typealias LatencyHistogram = Histogram<UInt64>

extension LatencyHistogram {
    static let longest: UInt64 = 60_000_000_000

    static func make() -> LatencyHistogram {
        LatencyHistogram(lowestDiscernibleValue: 1_000, highestTrackableValue: longest, numberOfSignificantValueDigits: .three)
    }

    mutating func record(_ latency: Duration) {
        let parts = latency.components
        let nanoseconds = Swift.max(0, parts.seconds) * 1_000_000_000 + Swift.max(0, parts.attoseconds) / 1_000_000_000
        _ = record(Swift.min(UInt64(nanoseconds), LatencyHistogram.longest))
    }
}

/// Why a request has no answer.
enum LoadFailure: String, Sendable, CaseIterable, CodingKeyRepresentable, Codable {
    /// No connection could be made.
    case connect
    /// The connection ended before the answer.
    case closed
    /// The answer was no HTTP.
    case malformed
    /// The answer did not come in time.
    case timeout
    /// The answer was not what the scenario expects.
    case unexpectedStatus
}

/// One second of a run.
struct SecondOfLoad: Sendable {
    var requests = 0
    var failures = 0
    var latencies = LatencyHistogram.make()
}

/// Everything that is counted.
struct Recorder: Sendable {
    var requests = 0
    var bodyBytes = 0
    var statuses: [Int: Int] = [:]
    var failures: [LoadFailure: Int] = [:]
    var reconnects = 0
    /// Due in an open loop, and not sent when the time was over.
    var unsent = 0
    var latencies = LatencyHistogram.make()
    /// By the scenario's operation; made when it first occurs.
    var operations: [OperationOfLoad]
    /// By the second of the run.
    var seconds: [SecondOfLoad] = []

    init(operations: Int) {
        self.operations = (0..<operations).map { _ in OperationOfLoad() }
    }

    /// An answer, good or not.
    mutating func answered(
        _ request: LoadRequest, status: Int, bodyBytes bytes: Int, latency: Duration, second: Int, isExpected: Bool
    ) {
        requests += 1
        bodyBytes += bytes
        statuses[status, default: 0] += 1
        latencies.record(latency)
        operations[request.operation].record(latency, isExpected: isExpected)
        makeSecond(second)
        seconds[second].requests += 1
        seconds[second].latencies.record(latency)
        if !isExpected { failed(.unexpectedStatus, second: second) }
    }

    /// No answer.
    mutating func failed(_ failure: LoadFailure, second: Int) {
        failures[failure, default: 0] += 1
        makeSecond(second)
        seconds[second].failures += 1
    }

    private mutating func makeSecond(_ second: Int) {
        while seconds.count <= second { seconds.append(SecondOfLoad()) }
    }

    /// Adds what another loop measured.
    mutating func merge(_ other: Recorder) {
        requests += other.requests
        bodyBytes += other.bodyBytes
        statuses.merge(other.statuses) { $0 + $1 }
        failures.merge(other.failures) { $0 + $1 }
        reconnects += other.reconnects
        unsent += other.unsent
        latencies.add(other.latencies)
        for (index, operation) in other.operations.enumerated() { operations[index].merge(operation) }
        for (index, second) in other.seconds.enumerated() {
            makeSecond(index)
            seconds[index].requests += second.requests
            seconds[index].failures += second.failures
            seconds[index].latencies.add(second.latencies)
        }
    }

    var failureCount: Int { failures.values.reduce(0, +) }
}

/// One of a scenario's operations.
struct OperationOfLoad: Sendable {
    var requests = 0
    var unexpected = 0
    private(set) var latencies: LatencyHistogram?

    mutating func record(_ latency: Duration, isExpected: Bool) {
        requests += 1
        if !isExpected { unexpected += 1 }
        if latencies == nil { latencies = .make() }
        latencies?.record(latency)
    }

    mutating func merge(_ other: OperationOfLoad) {
        requests += other.requests
        unexpected += other.unexpected
        guard let theirs = other.latencies else { return }
        if latencies == nil { latencies = theirs } else { latencies?.add(theirs) }
    }
}
