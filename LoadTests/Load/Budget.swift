// What a run must keep to. Counts first: times depend on the machine, counts do not. Pure.

import FoundationEssentials

/// Limits out of a JSON file; whatever is left out is not asked for.
struct Budget: Codable, Sendable {
    var minRequestsPerSecond: Double?
    var maxErrorRate: Double?
    var maxP50Micros: Double?
    var maxP99Micros: Double?
    var maxP999Micros: Double?
    var maxCPUMicrosPerRequest: Double?
    var maxResidentBytes: Int?
    var maxReadsPerRequest: Double?
    var maxWritesPerRequest: Double?
    var maxEnqueuesPerRequest: Double?
    var maxAllocationsPerRequest: Double?

    static func read(_ path: String) throws -> Budget {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw LoadError(description: "\(path) cannot be read") }
        let known: Set<String> = [
            "minRequestsPerSecond", "maxErrorRate", "maxP50Micros", "maxP99Micros", "maxP999Micros", "maxCPUMicrosPerRequest",
            "maxResidentBytes", "maxReadsPerRequest", "maxWritesPerRequest", "maxEnqueuesPerRequest", "maxAllocationsPerRequest",
        ]
        do {
            struct AnyMember: Decodable {}
            // A misspelt limit would be kept by every run.
            if let stranger = try JSONDecoder().decode([String: AnyMember].self, from: data).keys.first(where: { !known.contains($0) }) {
                throw LoadError(description: "\(path): there is no limit called \(stranger)")
            }
            return try JSONDecoder().decode(Budget.self, from: data)
        } catch let error as LoadError {
            throw error
        } catch {
            throw LoadError(description: "\(path) is no budget: \(error)")
        }
    }

    /// Everything that a run has missed, a line each; empty where it has kept to all of it.
    func missed(by result: LoadResult) -> [String] {
        var lines: [String] = []
        func check(_ name: String, _ value: Double?, atMost limit: Double?) {
            guard let limit else { return }
            guard let value else { return lines.append("\(name): not measured; the budget is \(Figures.short(limit))") }
            if value > limit { lines.append("\(name): \(Figures.short(value)), the budget is \(Figures.short(limit))") }
        }
        if let least = minRequestsPerSecond, result.requestsPerSecond < least {
            lines.append("requests a second: \(Figures.short(result.requestsPerSecond)), the budget is \(Figures.short(least))")
        }
        check("errors, as a part of all requests", result.errorRate, atMost: maxErrorRate)
        check("p50, microseconds", result.latency.p50, atMost: maxP50Micros)
        check("p99, microseconds", result.latency.p99, atMost: maxP99Micros)
        check("p99.9, microseconds", result.latency.p999, atMost: maxP999Micros)
        check("CPU microseconds a request", result.server?.totalMicros, atMost: maxCPUMicrosPerRequest)
        check("resident bytes", result.server.map { Double($0.residentBytes) }, atMost: maxResidentBytes.map(Double.init))
        check("reads a request", result.server?.readsPerRequest, atMost: maxReadsPerRequest)
        check("writes a request", result.server?.writesPerRequest, atMost: maxWritesPerRequest)
        check("enqueues a request", result.counts?.enqueues, atMost: maxEnqueuesPerRequest)
        check("allocations a request", result.counts?.allocations, atMost: maxAllocationsPerRequest)
        return lines
    }
}
