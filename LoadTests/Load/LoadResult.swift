// What a run came to, for people and for machines. A value; its JSON is the format of `--json` and `--compare`.

import FoundationEssentials
import Histogram

/// The result of a run. Times are in microseconds unless a name says otherwise.
struct LoadResult: Codable, Sendable {
    /// The version of this format.
    var format = 1
    var scenario: String
    var url: String
    /// The command that makes this result again.
    var command: String
    /// When it began, RFC 3339.
    var startedAt: String
    var machine: Machine
    var connections: Int
    var loops: Int
    var depth: Int
    /// Requests a second that were asked for; nil in a closed loop.
    var targetRate: Double?
    var durationSeconds: Double
    var requests: Int
    var requestsPerSecond: Double
    var bodyBytes: Int
    var statuses: [String: Int]
    var failures: [String: Int]
    var reconnects: Int
    var unsent: Int
    var latency: Latency
    var operations: [Operation]
    var seconds: [Second]
    /// What the server's processes used meanwhile; nil where none was named.
    var server: ServerUse?
    /// The same of others, such as the database.
    var others: [ServerUse]
    /// What the server's own counters say; nil where none was named.
    var counts: RequestCounts?

    var failureCount: Int { failures.values.reduce(0, +) }
    var errorRate: Double { Double(failureCount + unsent) / Double(max(1, requests + failureCount - (failures["unexpectedStatus"] ?? 0))) }

    struct Latency: Codable, Sendable {
        var min: Double
        var mean: Double
        var deviation: Double
        var p50: Double
        var p75: Double
        var p90: Double
        var p99: Double
        var p999: Double
        var p9999: Double
        var max: Double
        /// The curve: part of all requests (0 to 1), and the latency that it stays below.
        var curve: [Point]

        struct Point: Codable, Sendable {
            var part: Double
            var micros: Double
        }
    }

    struct Operation: Codable, Sendable {
        var name: String
        var requests: Int
        var unexpected: Int
        var p50: Double
        var p99: Double
        var max: Double
    }

    struct Second: Codable, Sendable {
        var requests: Int
        var failures: Int
        var p50: Double
        var p99: Double
        var max: Double
    }
}

/// What was measured on, and what ran beside it.
struct Machine: Codable, Sendable {
    var cores: Int
    var processor: String
    var kernel: String
    /// Runnable processes over the last minute, before the run.
    var loadAverage: Double
}

extension LoadResult.Latency {
    init(_ histogram: LatencyHistogram) {
        func micros(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1_000 }
        func at(_ percentile: Double) -> Double { histogram.totalCount == 0 ? 0 : micros(histogram.valueAtPercentile(percentile)) }
        let isEmpty = histogram.totalCount == 0
        self.init(
            min: isEmpty ? 0 : micros(histogram.min), mean: isEmpty ? 0 : histogram.mean / 1_000,
            deviation: isEmpty ? 0 : histogram.stdDeviation / 1_000, p50: at(50), p75: at(75), p90: at(90), p99: at(99), p999: at(99.9),
            p9999: at(99.99), max: isEmpty ? 0 : micros(histogram.max),
            curve: isEmpty
                ? []
                : histogram.percentiles(ticksPerHalfDistance: 5).map {
                    Point(part: $0.percentile / 100, micros: micros($0.value))
                })
    }
}

extension LoadResult {
    /// Puts together what the loops measured.
    mutating func take(_ recorder: Recorder, operations names: [String]) {
        requests = recorder.requests
        requestsPerSecond = Double(recorder.requests) / durationSeconds
        bodyBytes = recorder.bodyBytes
        statuses = Dictionary(uniqueKeysWithValues: recorder.statuses.map { (String($0.key), $0.value) })
        failures = Dictionary(uniqueKeysWithValues: recorder.failures.map { ($0.key.rawValue, $0.value) })
        reconnects = recorder.reconnects
        unsent = recorder.unsent
        latency = Latency(recorder.latencies)
        operations = zip(names, recorder.operations).compactMap { name, operation in
            operation.latencies.map { latencies in
                let figures = Latency(latencies)
                return Operation(
                    name: name, requests: operation.requests, unexpected: operation.unexpected, p50: figures.p50, p99: figures.p99,
                    max: figures.max)
            }
        }
        seconds = recorder.seconds.map { second in
            let figures = Latency(second.latencies)
            return Second(requests: second.requests, failures: second.failures, p50: figures.p50, p99: figures.p99, max: figures.max)
        }
    }

    var json: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
        }
    }

    static func read(_ path: String) throws -> LoadResult {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw LoadError(description: "\(path) cannot be read") }
        do {
            let result = try JSONDecoder().decode(LoadResult.self, from: data)
            guard result.format == 1 else { throw LoadError(description: "\(path) is of a format that this program does not know") }
            return result
        } catch let error as LoadError {
            throw error
        } catch {
            throw LoadError(description: "\(path) is no result of a load run")
        }
    }
}
