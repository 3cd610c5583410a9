// A point on the monotonic clock, as one machine word: deadlines are compared on every tick, so they are kept cheaper than
// `ContinuousClock.Instant` (128 bits of attoseconds). A value; any thread.

import CLibuv

/// Nanoseconds on the machine's monotonic clock (`CLOCK_MONOTONIC`); the origin is arbitrary, differences are real time.
public struct MonotonicInstant: Sendable, Hashable, Comparable {
    /// Nanoseconds since the clock's origin.
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Reads the clock: about 20 ns, no system call. On a loop, `EventLoop.now` is cheaper: it is read once a tick.
    public static func now() -> MonotonicInstant {
        MonotonicInstant(nanoseconds: Int64(truncatingIfNeeded: uv_hrtime()))
    }

    public static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Saturates instead of overflowing: "a very long time from now" stays a deadline that is never reached.
    public static func + (instant: MonotonicInstant, duration: Duration) -> MonotonicInstant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return MonotonicInstant(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    public static func - (instant: MonotonicInstant, duration: Duration) -> MonotonicInstant {
        let (difference, overflow) = instant.nanoseconds.subtractingReportingOverflow(duration.wholeNanoseconds)
        return MonotonicInstant(nanoseconds: overflow ? (duration < .zero ? .max : .min) : difference)
    }

    public static func - (later: MonotonicInstant, earlier: MonotonicInstant) -> Duration {
        let (difference, overflow) = later.nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        return .nanoseconds(overflow ? (later < earlier ? .min : .max) : difference)
    }
}

extension Duration {
    /// This duration in nanoseconds, rounded towards zero and clamped to `Int64`.
    public var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }

    /// This duration in milliseconds, rounded up (a timer must never fire early) and never negative.
    public var ceilingMilliseconds: UInt64 {
        let nanoseconds = wholeNanoseconds
        guard nanoseconds > 0 else { return 0 }
        return UInt64(nanoseconds / 1_000_000) + (nanoseconds % 1_000_000 == 0 ? 0 : 1)
    }

    /// This duration in seconds, as a floating-point number: for metrics and messages, never for arithmetic on deadlines.
    public var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
