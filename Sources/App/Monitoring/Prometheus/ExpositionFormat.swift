// Families -> the text that Prometheus reads. Pure.
// Prometheus text format 0.0.4 and OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/).

import Reactor

/// The two spellings of the same thing.
enum ExpositionFormat: Sendable {
    case prometheus
    case openMetrics

    /// What a scraper that sends this Accept field gets.
    static func preferred(accept: Text?) -> ExpositionFormat {
        accept?.lists("application/openmetrics-text") == true ? .openMetrics : .prometheus
    }

    var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    func encode(_ families: [MetricFamily]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(16_384)
        for family in families where !family.samples.isEmpty { append(family, to: &text) }
        if self == .openMetrics { text.append(contentsOf: "# EOF\n".utf8) }
        return text
    }

    private func append(_ family: MetricFamily, to text: inout [UInt8]) {
        // In OpenMetrics a counter's family has no suffix, and its samples have.
        let title =
            self == .openMetrics && family.kind == .counter && family.name.hasSuffix("_total")
            ? String(family.name.dropLast(6)) : family.name
        if !family.help.isEmpty {
            text.append(contentsOf: "# HELP \(title) ".utf8)
            append(escaping: family.help, quotes: self == .openMetrics, to: &text)
            text.append(UInt8(ascii: "\n"))
        }
        text.append(contentsOf: "# TYPE \(title) \(family.kind.rawValue)\n".utf8)
        for sample in family.samples { append(sample, of: family.name, to: &text) }
    }

    private func append(_ sample: MetricFamily.Sample, of name: String, to text: inout [UInt8]) {
        switch sample.value {
        case .integer(let value):
            appendLine(name, sample.labels, bound: nil, String(value), to: &text)
        case .double(let value):
            appendLine(name, sample.labels, bound: nil, number(value), to: &text)
        case .histogram(let bounds, let cumulative, let count, let sum):
            for (bound, count) in zip(bounds, cumulative) {
                appendLine("\(name)_bucket", sample.labels, bound: number(bound), String(count), to: &text)
            }
            appendLine("\(name)_bucket", sample.labels, bound: "+Inf", String(count), to: &text)
            appendLine("\(name)_sum", sample.labels, bound: nil, number(sum), to: &text)
            appendLine("\(name)_count", sample.labels, bound: nil, String(count), to: &text)
        }
    }

    private func appendLine(
        _ name: String, _ labels: [MetricFamily.Label], bound: String?, _ value: String, to text: inout [UInt8]
    ) {
        text.append(contentsOf: name.utf8)
        if !labels.isEmpty || bound != nil {
            var separator = UInt8(ascii: "{")
            for label in labels {
                text.append(separator)
                separator = UInt8(ascii: ",")
                text.append(contentsOf: "\(label.name)=\"".utf8)
                append(escaping: label.value, quotes: true, to: &text)
                text.append(UInt8(ascii: "\""))
            }
            if let bound {
                text.append(separator)
                text.append(contentsOf: "le=\"\(bound)\"".utf8)
            }
            text.append(UInt8(ascii: "}"))
        }
        text.append(contentsOf: " \(value)\n".utf8)
    }

    private func append(escaping value: String, quotes: Bool, to text: inout [UInt8]) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): text.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\n"): text.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\"") where quotes: text.append(contentsOf: "\\\"".utf8)
            default: text.append(byte)
            }
        }
    }

    /// Swift's shortest spelling that reads back the same is one that Go reads too.
    private func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value.description
    }
}
