// The registry behind swift-metrics.

@testable import App
import Metrics
import Testing

@Suite struct PrometheusMetricsTests {
    private let metrics = PrometheusMetrics()

    @Test func librariesCanCountThroughSwiftMetrics() {
        Counter(label: "my.library.events", dimensions: [("kind", "a")], factory: metrics).increment(by: 3)
        Timer(label: "my_work", factory: metrics).recordNanoseconds(20_000_000)
        Meter(label: "my_level", factory: metrics).set(7)
        let families = metrics.families()
        #expect(families.map(\.name) == ["my_level", "my_library_events_total", "my_work_seconds"])
        #expect(families.map(\.kind) == [.gauge, .counter, .histogram])
        #expect(families[1].samples == [.init(.integer(3), ("kind", "a"))])
        guard case .histogram(_, _, let count, let sum) = families[2].samples[0].value else { return #expect(Bool(false)) }
        #expect(count == 1 && sum == 0.02)
    }

    @Test func theSameLabelsInAnotherOrderAreTheSameSeries() {
        metrics.counter("c", [("a", "1"), ("b", "2")]).increment()
        metrics.counter("c", [("b", "2"), ("a", "1")]).increment()
        #expect(metrics.families()[0].samples == [.init(.integer(2), ("a", "1"), ("b", "2"))])
    }

    @Test func labelsMadeOfSomethingEndlessDoNotFillTheMemory() {
        for index in 0..<(PrometheusMetrics.maxSeriesPerFamily + 10) { metrics.counter("c", [("path", "\(index)")]).increment() }
        let samples = metrics.families()[0].samples
        #expect(samples.count == PrometheusMetrics.maxSeriesPerFamily + 1)
        #expect(samples.last == .init(.integer(10), ("path", "overflow")))
    }

    @Test func aNameThatIsTakenByAnotherKindIsNotScraped() {
        metrics.gauge("x_total").set(1 as Int64)
        metrics.counter("x").increment()
        #expect(metrics.families() == [MetricFamily("x_total", .gauge, help: "", .integer(1))])
    }

    @Test(arguments: [("a.b-c", "a_b_c"), ("9lives", "_9lives"), ("", "_"), ("ok_name:x", "ok_name:x")])
    func namesBecomeWhatPrometheusAllows(_ name: String, _ sanitized: String) {
        #expect(PrometheusName.sanitized(name) == sanitized)
    }

    @Test func countingFromManyTasksLosesNothing() async {
        let counter = metrics.counter("c")
        let histogram = metrics.histogram("h", bounds: [1])
        let gauge = metrics.gauge("g")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1_000 {
                        counter.increment()
                        histogram.record(0.5)
                        gauge.increment()
                    }
                }
            }
        }
        #expect(counter.value == .integer(8_000))
        #expect(gauge.value == .integer(8_000))
        #expect(histogram.value == .histogram(bounds: [1], cumulative: [8_000], count: 8_000, sum: 4_000))
    }
}
