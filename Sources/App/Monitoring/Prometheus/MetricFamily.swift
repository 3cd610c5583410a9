// What a scrape finds: families of samples, as values. Made anew for each scrape; any thread.

/// A metric with all its label combinations.
struct MetricFamily: Sendable, Equatable {
    enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    struct Label: Sendable, Hashable {
        let name: String
        let value: String
    }

    enum Value: Sendable, Equatable {
        case integer(Int)
        case double(Double)
        /// Counts are cumulative over `bounds`; `count` is that of the bucket without a bound.
        case histogram(bounds: [Double], cumulative: [Int], count: Int, sum: Double)
    }

    struct Sample: Sendable, Equatable {
        var labels: [Label] = []
        let value: Value
    }

    /// With the unit in it, and `_total` at the end of a counter's.
    let name: String
    let help: String
    let kind: Kind
    var samples: [Sample]

    init(_ name: String, _ kind: Kind, help: String, samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    /// A family with one sample and no labels.
    init(_ name: String, _ kind: Kind, help: String, _ value: Value) {
        self.init(name, kind, help: help, samples: [Sample(value: value)])
    }
}

extension MetricFamily.Value {
    /// A time in Prometheus' unit, the second.
    static func seconds(_ duration: Duration) -> MetricFamily.Value {
        .double(duration / .seconds(1))
    }
}

extension MetricFamily.Sample {
    init(_ value: MetricFamily.Value, _ labels: (String, String)...) {
        self.init(labels: labels.map { MetricFamily.Label(name: $0.0, value: $0.1) }, value: value)
    }
}
