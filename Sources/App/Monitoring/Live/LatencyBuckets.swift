// A histogram's counts, summed over series and subtracted between two moments, and the percentiles in between. Pure.

/// How many took how long.
struct LatencyBuckets: Sendable, Equatable {
    /// Upper bounds in seconds, ascending; what is above the last one is counted one past them.
    private var bounds: [Double] = []
    private var counts: [Int] = []

    init() {}

    var total: Int { counts.reduce(0, +) }

    /// Adds a series; one with other bounds than the first is left out.
    mutating func add(_ value: MetricFamily.Value) {
        guard case .histogram(let bounds, let cumulative, let count, _) = value else { return }
        if self.bounds.isEmpty {
            self.bounds = bounds
            counts = [Int](repeating: 0, count: bounds.count + 1)
        }
        guard bounds == self.bounds, cumulative.count == bounds.count else { return }
        var below = 0
        for (index, through) in (cumulative + [count]).enumerated() {
            counts[index] += max(0, through - below)
            below = through
        }
    }

    /// What came since `earlier`.
    func since(_ earlier: LatencyBuckets) -> LatencyBuckets {
        guard earlier.bounds == bounds else { return self }
        var difference = self
        for index in counts.indices { difference.counts[index] = max(0, counts[index] - earlier.counts[index]) }
        return difference
    }

    /// The time within which the share `quantile` was done, in seconds: exact to a bucket, and evenly spread inside it, as
    /// Prometheus' histogram_quantile has it. Nil where nothing was counted.
    func quantile(_ quantile: Double) -> Double? {
        let total = self.total
        guard total > 0, let longest = bounds.last else { return nil }
        let rank = quantile * Double(total)
        var before = 0
        for (index, count) in counts.enumerated() where count > 0 {
            guard Double(before + count) >= rank else {
                before += count
                continue
            }
            guard index < bounds.count else { return longest }
            let lower = index == 0 ? 0 : bounds[index - 1]
            return lower + (bounds[index] - lower) * (rank - Double(before)) / Double(count)
        }
        return longest
    }
}
