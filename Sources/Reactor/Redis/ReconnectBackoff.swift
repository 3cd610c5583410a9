// How long to leave the server alone between two attempts to connect. Pure; the owner passes the randomness.

/// Exponential back-off with jitter: half of the delay is fixed and half random, so that the loops of many processes that lost
/// the same server do not come back in step.
struct ReconnectBackoff: Sendable {
    private let first: Duration
    private let longest: Duration
    private var failures = 0

    init(first: Duration = .milliseconds(100), longest: Duration = .seconds(5)) {
        self.first = first
        self.longest = longest
    }

    /// The delay after one more failure: between half of and the whole of `first * 2^failures`, at most `longest`.
    mutating func delayAfterFailure(using generator: inout some RandomNumberGenerator) -> Duration {
        // 2^20 times the first delay is past every limit; beyond it, shifting on would overflow.
        let whole = min(longest, first * (1 << min(failures, 20)))
        failures += 1
        let half = whole.wholeNanoseconds / 2
        return .nanoseconds(half + Int64.random(in: 0...max(0, half), using: &generator))
    }

    mutating func succeeded() {
        failures = 0
    }
}
