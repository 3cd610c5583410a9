// The text that Prometheus reads, byte for byte.

@testable import App
import Reactor
import Testing

@Suite struct ExpositionFormatTests {
    private static var families: [MetricFamily] {
        let metrics = PrometheusMetrics()
        let requests = metrics.counter(
            "http_requests_total", help: "Requests", [("status", "200"), ("method", "GET"), ("route", "/a\"b\\c\nd")])
        requests.increment()
        requests.increment(by: Int64(2))
        let duration = metrics.histogram("duration_seconds", help: "A back\\slash", bounds: [0.1, 1], [("route", "/x")])
        for value in [0.05, 0.1, 0.5, 7] { duration.record(value) }
        metrics.gauge("temperature").set(-1.5 as Double)
        return metrics.families()
    }

    @Test func prometheusText() {
        #expect(
            String(decoding: ExpositionFormat.prometheus.encode(Self.families), as: UTF8.self) == #"""
                # HELP duration_seconds A back\\slash
                # TYPE duration_seconds histogram
                duration_seconds_bucket{route="/x",le="0.1"} 2
                duration_seconds_bucket{route="/x",le="1.0"} 3
                duration_seconds_bucket{route="/x",le="+Inf"} 4
                duration_seconds_sum{route="/x"} 7.65
                duration_seconds_count{route="/x"} 4
                # HELP http_requests_total Requests
                # TYPE http_requests_total counter
                http_requests_total{method="GET",route="/a\"b\\c\nd",status="200"} 3
                # TYPE temperature gauge
                temperature -1.5

                """#)
    }

    @Test func openMetricsNamesACounterWithoutItsSuffixAndEndsWithEOF() {
        let text = String(decoding: ExpositionFormat.openMetrics.encode(Self.families), as: UTF8.self)
        #expect(text.contains("# TYPE http_requests counter\nhttp_requests_total{"))
        #expect(text.hasSuffix("\n# EOF\n"))
    }

    @Test func theAcceptFieldDecides() {
        let scraper = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;q=0.5"
        #expect(ExpositionFormat.preferred(accept: Text(scraper)) == .openMetrics)
        #expect(ExpositionFormat.preferred(accept: "text/plain") == .prometheus)
        #expect(ExpositionFormat.preferred(accept: nil) == .prometheus)
        #expect(ExpositionFormat.prometheus.contentType == "text/plain; version=0.0.4; charset=utf-8")
    }

    @Test func whatIsNoNumberIsSpelledAsPrometheusSpellsIt() {
        let family = MetricFamily(
            "x", .gauge, help: "",
            samples: [.init(.double(.nan)), .init(.double(.infinity)), .init(.double(-.infinity))])
        #expect(String(decoding: ExpositionFormat.prometheus.encode([family]), as: UTF8.self) == "# TYPE x gauge\nx NaN\nx +Inf\nx -Inf\n")
    }
}
