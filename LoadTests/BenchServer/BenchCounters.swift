// What the server's loops have counted, as a page: LoadTests/counts and `load --counters` read it before and after a load. Any thread.

import Reactor

/// Answers /counters, under the names that `reactor serve` has at /metrics.
struct BenchCounters: Sendable {
    let loops: [EventLoop]

    func page() async -> HTTPResponse {
        var statistics: [EventLoopStatistics] = []
        for loop in loops { statistics.append(await loop.isolation.run { $0.loop.statistics }) }
        var text = ""
        func family(_ name: String, _ value: (EventLoopStatistics) -> Int) {
            text += "# TYPE \(name) counter\n"
            for (index, one) in statistics.enumerated() { text += "\(name){loop=\"\(index)\"} \(value(one))\n" }
        }
        family("event_loop_ticks_total") { $0.ticks }
        family("event_loop_jobs_total") { $0.jobsRun }
        family("event_loop_jobs_enqueued_total") { $0.jobsEnqueued }
        family("event_loop_jobs_from_elsewhere_total") { $0.jobsFromElsewhere }
        var response = HTTPResponse(status: .ok, body: .bytes(Array(text.utf8)))
        response.headers.append("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        return response
    }
}
