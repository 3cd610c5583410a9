// What a request cost the server by counts, beside the time it took: its loops' own counters and the allocator's. Runs on the main task.

import Reactor

/// Counts a request; nil where nobody counted.
struct RequestCounts: Codable, Sendable, Equatable {
    /// Swift jobs enqueued, on the loop's own thread or from others.
    var enqueues: Double?
    /// Swift jobs run.
    var jobs: Double?
    /// Times that a loop polled.
    var ticks: Double?
    /// Calls of malloc, calloc, realloc and their like.
    var allocations: Double?
}

/// Where the counts come from.
struct CountSources: Sendable {
    let page: TargetURL?
    let allocationsPath: String?

    /// The counters at one moment.
    struct Snapshot: Sendable {
        var page: CounterPage?
        var allocations: AllocationCounters?
    }

    /// Nil where there is no source.
    init?(counters: String?, allocations: String?) throws {
        guard counters != nil || allocations != nil else { return nil }
        page = try counters.map { try TargetURL($0) }
        allocationsPath = allocations
    }

    /// Under load the page's answer waits its turn: what the server does until then is not counted, some milliseconds of the run.
    func snapshot(on worker: LoadWorker) async throws -> Snapshot {
        var snapshot = Snapshot()
        if let page { snapshot.page = try await worker.counters(page) }
        snapshot.allocations = try allocationsPath.map { try AllocationCounters(path: $0) }
        return snapshot
    }
}

extension RequestCounts {
    init(from before: CountSources.Snapshot, to after: CountSources.Snapshot, requests: Int) {
        if let old = before.page, let new = after.page {
            enqueues = new.growth(
                "event_loop_jobs_enqueued_total", "event_loop_jobs_from_elsewhere_total", since: old, requests: requests)
            jobs = new.growth("event_loop_jobs_total", since: old, requests: requests)
            ticks = new.growth("event_loop_ticks_total", since: old, requests: requests)
        }
        if let old = before.allocations, let new = after.allocations {
            allocations = Double(new.allocations &- old.allocations) / Double(max(1, requests))
        }
    }
}

extension LoadResult {
    /// What was counted of the server, with its name.
    var countsPerRequest: [(name: String, value: Double)] {
        let all = [
            ("reads", server?.readsPerRequest), ("writes", server?.writesPerRequest), ("enqueues", counts?.enqueues),
            ("jobs", counts?.jobs), ("ticks", counts?.ticks), ("allocations", counts?.allocations),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}
