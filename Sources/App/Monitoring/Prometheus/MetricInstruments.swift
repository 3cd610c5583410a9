// The things that count. Each is a handful of atomics: counting takes no lock and may happen on any thread.

import Metrics
import Synchronization

/// Counts up. swift-metrics' counter and floating-point counter.
final class PrometheusCounter: CounterHandler, FloatingPointCounterHandler, Sendable {
    private let whole = Atomic<Int>(0)
    private let fraction = AtomicDouble()

    func increment() { increment(by: Int64(1)) }

    func increment(by amount: Int64) {
        whole.wrappingAdd(Int(truncatingIfNeeded: amount), ordering: .relaxed)
    }

    func increment(by amount: Double) {
        fraction.add(amount)
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fraction.store(0)
    }

    var value: MetricFamily.Value {
        let fraction = fraction.load()
        let whole = whole.load(ordering: .relaxed)
        return fraction == 0 ? .integer(whole) : .double(Double(whole) + fraction)
    }
}

/// Goes up and down. swift-metrics' meter, and its recorder without aggregation.
final class PrometheusGauge: MeterHandler, RecorderHandler, Sendable {
    private let current = AtomicDouble()

    func set(_ value: Int64) { current.store(Double(value)) }
    func set(_ value: Double) { current.store(value) }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }
    func increment(by amount: Double = 1) { current.add(amount) }
    func decrement(by amount: Double = 1) { current.add(-amount) }

    var value: MetricFamily.Value {
        let value = current.load()
        guard let whole = Int(exactly: value) else { return .double(value) }
        return .integer(whole)
    }
}

/// Counts by size. swift-metrics' timer (in seconds) and its recorder with aggregation.
final class PrometheusHistogram: TimerHandler, RecorderHandler, Sendable {
    /// Seconds; from a tenth of a millisecond, which is an answer without a question to anybody, to the handler's time limit.
    static let durationBounds = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    /// For sizes and counts of anything.
    static let sizeBounds = [1.0, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576]

    /// Ascending.
    let bounds: [Double]
    /// One for each bound, and one past the last; not cumulative, so that recording touches one.
    private let buckets: [AtomicCount]
    private let sum = AtomicDouble()

    init(bounds: [Double]) {
        self.bounds = bounds
        buckets = (0...bounds.count).map { _ in AtomicCount() }
    }

    func record(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        buckets[bucket].value.wrappingAdd(1, ordering: .relaxed)
        sum.add(value)
    }

    func record(_ value: Int64) { record(Double(value)) }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    var value: MetricFamily.Value {
        var total = 0
        let cumulative = buckets.map { bucket in
            total += bucket.value.load(ordering: .relaxed)
            return total
        }
        return .histogram(bounds: bounds, cumulative: Array(cumulative.dropLast()), count: total, sum: sum.load())
    }
}

private final class AtomicCount: Sendable {
    let value = Atomic<Int>(0)
}

/// A double whose bits are an atomic.
private final class AtomicDouble: Sendable {
    private let bits = Atomic<UInt64>(0)

    func load() -> Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
    func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (isExchanged, found) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if isExchanged { return }
            old = found
        }
    }
}
