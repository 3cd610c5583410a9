// What the live page's plots are made of: percentiles and rates between two readings.

@testable import App
import Reactor
import Testing

@Suite struct LatencyBucketsTests {
    private static func buckets(_ values: [Double], bounds: [Double] = [0.001, 0.01, 0.1]) -> LatencyBuckets {
        let histogram = PrometheusHistogram(bounds: bounds)
        for value in values { histogram.record(value) }
        var buckets = LatencyBuckets()
        buckets.add(histogram.value)
        return buckets
    }

    @Test func nothingHasNoPercentile() {
        #expect(LatencyBuckets().quantile(0.5) == nil)
        #expect(Self.buckets([]).quantile(0.99) == nil)
    }

    @Test func aPercentileLiesInItsBucket() throws {
        // Ninety in the first bucket, ten in the second: as Prometheus' histogram_quantile has it.
        let buckets = Self.buckets([Double](repeating: 0.000_5, count: 90) + [Double](repeating: 0.005, count: 10))
        #expect(try abs(#require(buckets.quantile(0.45)) - 0.000_5) < 1e-9)
        #expect(try abs(#require(buckets.quantile(0.9)) - 0.001) < 1e-9)
        #expect(try abs(#require(buckets.quantile(0.95)) - 0.005_5) < 1e-9)
        #expect(try abs(#require(buckets.quantile(1)) - 0.01) < 1e-9)
    }

    @Test func whatIsAboveEveryBoundIsAsLongAsTheLast() {
        #expect(Self.buckets([7, 8, 9]).quantile(0.5) == 0.1)
    }

    @Test func onlyWhatCameInBetweenCounts() throws {
        let earlier = Self.buckets([Double](repeating: 0.05, count: 1_000))
        var later = earlier
        let fresh = PrometheusHistogram(bounds: [0.001, 0.01, 0.1])
        fresh.record(0.000_1)
        later.add(fresh.value)
        let between = later.since(earlier)
        #expect(between.total == 1)
        #expect(try #require(between.quantile(0.99)) <= 0.001)
    }

    @Test func seriesWithOtherBoundsAreLeftOut() {
        var buckets = Self.buckets([0.5])
        let other = PrometheusHistogram(bounds: [1])
        other.record(0.5)
        buckets.add(other.value)
        #expect(buckets.total == 1)
    }
}

@Suite struct LiveSampleTests {
    private static func families(
        ok: Int, failed: Int, hits: Int, misses: Int, cpu: Double, jobs: [(String, Int)] = []
    ) -> [MetricFamily] {
        [
            MetricFamily(
                "http_requests_total", .counter, help: "",
                samples: [
                    .init(.integer(ok), ("method", "GET"), ("status", "200")), .init(.integer(ok), ("method", "PUT"), ("status", "204")),
                    .init(.integer(failed), ("method", "GET"), ("status", "503")),
                ]),
            MetricFamily("cache_hits_total", .counter, help: "", .integer(hits)),
            MetricFamily("cache_misses_total", .counter, help: "", .integer(misses)),
            MetricFamily("process_cpu_seconds_total", .counter, help: "", .double(cpu)),
            MetricFamily("jobs", .gauge, help: "", samples: jobs.map { .init(.integer($0.1), ("status", $0.0)) }),
            MetricFamily(
                "event_loop_last_lag_seconds", .gauge, help: "",
                samples: [.init(.double(0.001), ("loop", "0")), .init(.double(0.25), ("loop", "1"))]),
        ]
    }

    private static func sample(_ earlier: [MetricFamily], _ later: [MetricFamily], seconds: Int64) -> LiveSample {
        LiveSample(
            at: Timestamp(seconds: 1_000), earlier: LiveReading(earlier, takenAt: MonotonicInstant(nanoseconds: 0)),
            later: LiveReading(later, takenAt: MonotonicInstant(nanoseconds: seconds * 1_000_000_000)))
    }

    @Test func countersBecomeRates() {
        let sample = Self.sample(
            Self.families(ok: 10, failed: 1, hits: 5, misses: 5, cpu: 1), Self.families(ok: 30, failed: 5, hits: 35, misses: 15, cpu: 2),
            seconds: 2)
        #expect(sample.answers(2) == 20)
        #expect(sample.answers(5) == 2)
        #expect(sample.hitRatio == 0.75)
        #expect(sample.cpu == 0.5)
    }

    @Test func aCounterThatWentBackIsNoRate() {
        let sample = Self.sample(
            Self.families(ok: 30, failed: 0, hits: 9, misses: 9, cpu: 2), Self.families(ok: 1, failed: 0, hits: 0, misses: 0, cpu: 0),
            seconds: 1)
        #expect(sample.answers(2) == 0)
        #expect(sample.hitRatio == nil)
        #expect(sample.cpu == 0)
    }

    @Test func theScriptGetsOneObjectWithNullsWhereNothingHappened() throws {
        let families = Self.families(ok: 1, failed: 0, hits: 0, misses: 0, cpu: 1, jobs: [("pending", 3), ("dead", 1)])
        let bytes = Self.sample(families, families, seconds: 1).json
        #expect(!bytes.contains(UInt8(ascii: "\n")))
        let json = try JSONParser.parse(bytes)
        #expect(json["p99"] == .null)
        #expect(json["hitRatio"] == .null)
        #expect(json["s2"] != nil)
        #expect(String(decoding: bytes, as: UTF8.self).contains(#""lag":250"#))
        #expect(String(decoding: bytes, as: UTF8.self).contains(#""job_pending":3"#))
    }
}
