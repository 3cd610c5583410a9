// The registry behind swift-metrics: every instrument by name and labels. Owns them for the process's life. Any thread; the lock
// is taken when an instrument is made or a scrape reads them, never when something is counted.

import Metrics
import Reactor
import Synchronization

/// swift-metrics' factory that a Prometheus server can read.
final class PrometheusMetrics: MetricsFactory, Sendable {
    /// More label combinations than this of one name are put together under `overflow`: labels made of something endless must
    /// not fill the memory.
    static let maxSeriesPerFamily = 2_000

    private enum Instrument {
        case counter(PrometheusCounter)
        case gauge(PrometheusGauge)
        case histogram(PrometheusHistogram)

        var kind: MetricFamily.Kind {
            switch self {
            case .counter: .counter
            case .gauge: .gauge
            case .histogram: .histogram
            }
        }

        var value: MetricFamily.Value {
            switch self {
            case .counter(let counter): counter.value
            case .gauge(let gauge): gauge.value
            case .histogram(let histogram): histogram.value
            }
        }
    }

    private struct Family {
        let kind: MetricFamily.Kind
        let help: String
        var series: [[MetricFamily.Label]: Instrument] = [:]
        /// In the order of their making, so that two scrapes list them alike.
        var order: [[MetricFamily.Label]] = []
    }

    private struct State {
        var families: [String: Family] = [:]
    }

    private let state = Mutex(State())

    // MARK: Instruments

    func counter(_ name: String, help: String = "", _ labels: [(String, String)] = []) -> PrometheusCounter {
        guard case .counter(let counter) = instrument(name, help, labels, orNew: .counter(PrometheusCounter())) else {
            return PrometheusCounter()
        }
        return counter
    }

    func gauge(_ name: String, help: String = "", _ labels: [(String, String)] = []) -> PrometheusGauge {
        guard case .gauge(let gauge) = instrument(name, help, labels, orNew: .gauge(PrometheusGauge())) else { return PrometheusGauge() }
        return gauge
    }

    func histogram(
        _ name: String, help: String = "", bounds: [Double] = PrometheusHistogram.durationBounds, _ labels: [(String, String)] = []
    ) -> PrometheusHistogram {
        let made = PrometheusHistogram(bounds: bounds)
        guard case .histogram(let histogram) = instrument(name, help, labels, orNew: .histogram(made)) else { return made }
        return histogram
    }

    /// The instrument of that name and those labels. A name that is taken by another kind gets one that nobody scrapes: a
    /// library's metric is no reason to end the program.
    private func instrument(
        _ name: String, _ help: String, _ labels: [(String, String)], orNew new: @autoclosure () -> Instrument
    ) -> Instrument {
        let made = new()
        var name = PrometheusName.sanitized(name)
        if made.kind == .counter, !name.hasSuffix("_total") { name += "_total" }
        var labels = labels.map { MetricFamily.Label(name: PrometheusName.sanitizedLabel($0.0), value: $0.1) }
        labels.sort { $0.name < $1.name }
        return state.withLock { state in
            var family = state.families[name] ?? Family(kind: made.kind, help: help)
            guard family.kind == made.kind else { return made }
            if family.series.count >= PrometheusMetrics.maxSeriesPerFamily, family.series[labels] == nil {
                labels = labels.map { MetricFamily.Label(name: $0.name, value: "overflow") }
            }
            if let known = family.series[labels] { return known }
            family.series[labels] = made
            family.order.append(labels)
            state.families[name] = family
            return made
        }
    }

    // MARK: Reading

    /// Every family, by name.
    func families() -> [MetricFamily] {
        state.withLock { state in
            state.families.sorted { $0.key < $1.key }.map { name, family in
                MetricFamily(
                    name, family.kind, help: family.help,
                    samples: family.order.compactMap { labels in
                        family.series[labels].map { MetricFamily.Sample(labels: labels, value: $0.value) }
                    })
            }
        }
    }

    // MARK: MetricsFactory

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler { counter(label, dimensions) }

    func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        counter(label, dimensions)
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { gauge(label, dimensions) }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? histogram(label, bounds: PrometheusHistogram.sizeBounds, dimensions) : gauge(label, dimensions)
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label.hasSuffix("_seconds") ? label : label + "_seconds", dimensions)
    }

    // Prometheus expects a series to stay: one that goes and comes back looks like a counter that was reset.
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}

/// Names as Prometheus allows them.
enum PrometheusName {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`; everything else becomes an underscore.
    static func sanitized(_ name: String) -> String {
        sanitized(name, allowsColon: true)
    }

    static func sanitizedLabel(_ name: String) -> String {
        sanitized(name, allowsColon: false)
    }

    private static func sanitized(_ name: String, allowsColon: Bool) -> String {
        var bytes: [UInt8] = []
        for (index, byte) in name.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): bytes.append(byte)
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if index == 0 { bytes.append(UInt8(ascii: "_")) }
                bytes.append(byte)
            case UInt8(ascii: ":") where allowsColon: bytes.append(byte)
            default: bytes.append(UInt8(ascii: "_"))
            }
        }
        return bytes.isEmpty ? "_" : String(ascii: bytes)
    }
}
