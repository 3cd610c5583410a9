// What is counted of each request. One a loop, so that its lock is never waited for; the instruments it hands out are shared.

import Reactor
import Synchronization

/// `http_requests_total`, `http_request_duration_seconds` and `http_requests_in_flight`.
final class HTTPMetrics: RequestMetrics {
    private struct Key: Hashable {
        let route: String
        let method: HTTPMethod
        let status: Int
    }

    private struct Instruments {
        let count: PrometheusCounter
        let duration: PrometheusHistogram
    }

    private let metrics: PrometheusMetrics
    private let inFlight: PrometheusGauge
    /// Looked up here first: the registry's own look-up builds and sorts labels.
    private let known = Mutex<[Key: Instruments]>([:])

    init(_ metrics: PrometheusMetrics) {
        self.metrics = metrics
        inFlight = metrics.gauge("http_requests_in_flight", help: "Requests whose answer is being made")
    }

    func requestStarted() {
        inFlight.increment()
    }

    func requestFinished(route: String, method: HTTPMethod, status: Int, duration: Duration) {
        inFlight.decrement()
        let key = Key(route: route, method: method, status: status)
        let instruments = known.withLock { known in
            if let instruments = known[key] { return instruments }
            let made = make(key)
            known[key] = made
            return made
        }
        instruments.count.increment()
        instruments.duration.record(duration / .seconds(1))
    }

    private func make(_ key: Key) -> Instruments {
        let route = [("method", key.method.rawValue), ("route", key.route)]
        return Instruments(
            count: metrics.counter(
                "http_requests_total", help: "Requests answered, by route template, method and status",
                route + [("status", String(key.status))]),
            duration: metrics.histogram(
                "http_request_duration_seconds", help: "From a request's head to its answer's, by route template and method", route))
    }
}
