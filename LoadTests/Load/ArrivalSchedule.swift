// When each request of an open loop is due: the plan, whatever the server makes of it. Latency is counted from here, so that a
// server that stalls is charged for everything that it kept waiting, and not only for what was on its way ("coordinated
// omission": Tene, "How NOT to Measure Latency", 2013). Pure.

/// Arrivals at a rate that is constant, or grows evenly from one rate to another.
struct ArrivalSchedule: Sendable, Hashable {
    /// Requests a second at the beginning, and once the ramp is over.
    let initialRate: Double
    let rate: Double
    /// How long the rate takes to get from one to the other.
    let ramp: Duration

    init(rate: Double, initialRate: Double? = nil, ramp: Duration = .zero) {
        self.rate = rate
        self.initialRate = ramp > .zero ? initialRate ?? 0 : rate
        self.ramp = ramp
    }

    /// The moment of arrival `index` (from 0), counted from the start.
    func moment(of index: Int) -> Duration {
        let number = Double(index)
        let seconds = ramp / .seconds(1)
        // The ramp's arrivals: the area below a line from one rate to the other.
        let inRamp = (initialRate + rate) / 2 * seconds
        guard seconds > 0, number < inRamp else { return .seconds(seconds + (number - inRamp) / rate) }
        let slope = (rate - initialRate) / seconds
        // number = initialRate * t + slope * t^2 / 2
        guard abs(slope) > 1e-9 else { return .seconds(number / rate) }
        let root = (initialRate * initialRate + 2 * slope * number).squareRoot()
        return .seconds((root - initialRate) / slope)
    }

    /// One loop's share: every `count`-th arrival, so that all loops together keep the plan.
    func share(_ index: Int, of count: Int) -> ShareOfArrivals {
        ShareOfArrivals(schedule: self, next: index, stride: count)
    }
}

/// The arrivals of one loop, in order.
struct ShareOfArrivals: Sendable {
    let schedule: ArrivalSchedule
    private(set) var next: Int
    let stride: Int

    init(schedule: ArrivalSchedule, next: Int, stride: Int) {
        self.schedule = schedule
        self.next = next
        self.stride = stride
    }

    /// The moment of the next arrival.
    var moment: Duration { schedule.moment(of: next) }

    mutating func advance() { next += stride }
}
