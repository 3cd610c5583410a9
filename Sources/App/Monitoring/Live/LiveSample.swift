// What happened between two readings: rates, shares, percentiles. Pure.

import Reactor

/// One point of every plot of the live page.
struct LiveSample: Sendable {
    let at: Timestamp
    let earlier: LiveReading
    let later: LiveReading

    private var seconds: Double { max(0.001, (later.takenAt - earlier.takenAt).inSeconds) }

    /// Of a counter, a second. A counter that went back was reset.
    func rate(_ counter: KeyPath<LiveReading, Int>) -> Double {
        Double(max(0, later[keyPath: counter] - earlier[keyPath: counter])) / seconds
    }

    /// Processors in use.
    var cpu: Double { max(0, later.cpuSeconds - earlier.cpuSeconds) / seconds }

    /// Answers a second, by the first digit of their status.
    func answers(_ digit: Int) -> Double {
        Double(max(0, later.answers[digit] - earlier.answers[digit])) / seconds
    }

    /// Hits among all look-ups; nil where there were none.
    var hitRatio: Double? {
        let hits = rate(\.cacheHits)
        let all = hits + rate(\.cacheMisses)
        return all > 0 ? hits / all : nil
    }

    /// Milliseconds; nil where nothing was answered.
    func latency(_ quantile: Double) -> Double? {
        later.durations.since(earlier.durations).quantile(quantile).map { $0 * 1_000 }
    }

    /// The mean time of one, in milliseconds; nil where there was none.
    private func mean(_ time: KeyPath<LiveReading, Double>, of count: KeyPath<LiveReading, Int>) -> Double? {
        let number = later[keyPath: count] - earlier[keyPath: count]
        return number > 0 ? max(0, later[keyPath: time] - earlier[keyPath: time]) * 1_000 / Double(number) : nil
    }

    /// As the page's script reads it: one object, no line break.
    var json: [UInt8] {
        var writer = JSONWriter(reserving: 768)
        writer.beginObject()
        writer.number("t", Double(at.microseconds / 1_000))
        for digit in 1...5 { writer.number("s\(digit)", answers(digit)) }
        writer.number("p50", latency(0.5))
        writer.number("p90", latency(0.9))
        writer.number("p99", latency(0.99))
        writer.number("inFlight", Double(later.requestsInFlight))
        writer.number("connections", Double(later.connections))
        writer.number("lag", later.loopLag * 1_000)
        writer.number("loopJobs", rate(\.loopJobs))
        writer.number("fromElsewhere", rate(\.loopJobsFromElsewhere))
        writer.number("ready", Double(later.loopJobsReady))
        writer.number("poolSize", Double(later.poolSize))
        writer.number("poolInUse", Double(later.poolInUse))
        writer.number("poolWaiters", Double(later.poolWaiters))
        writer.number("statements", rate(\.statements))
        writer.number("statementMs", mean(\.statementSeconds, of: \.statements))
        writer.number("redisMs", mean(\.redisSeconds, of: \.redisCommands))
        writer.number("hits", rate(\.cacheHits))
        writer.number("misses", rate(\.cacheMisses))
        writer.number("hitRatio", hitRatio.map { $0 * 100 })
        writer.number("allowed", rate(\.limiterAllowed))
        writer.number("refused", rate(\.limiterRefused))
        for job in later.jobs { writer.number("job_\(job.status)", Double(job.count)) }
        writer.number("cpu", cpu * 100)
        writer.number("rss", Double(later.residentBytes) / 1_048_576)
        writer.number("fds", Double(later.descriptors))
        writer.number("uptime", later.uptimeSeconds)
        writer.endObject()
        return writer.bytes
    }
}

extension JSONWriter {
    /// Three digits are more than a plot shows.
    fileprivate mutating func number(_ name: String, _ value: Double?) {
        self.name(name)
        guard let value, value.isFinite else { return null() }
        double((value * 1_000).rounded() / 1_000)
    }
}
