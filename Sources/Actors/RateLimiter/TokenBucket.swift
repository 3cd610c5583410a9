// A token bucket that is one number. Pure; the owner passes the time.
//
// Instead of a fill level and the time it was computed, the bucket remembers when it will be full (the "theoretical arrival
// time" of the generic cell rate algorithm, ITU-T I.371): taking a token moves that instant on by the time a token needs to
// come back. The two are the same bucket; this one needs no arithmetic with fractions and no refilling.

import Reactor

/// A bucket of a rule's `limit` tokens that refills evenly over its `window`. New ones are full.
struct TokenBucket: Sendable, Hashable {
    /// When the bucket is full, if nothing is taken from it before.
    private(set) var fullAt = MonotonicInstant(nanoseconds: .min)

    /// Takes a token, if there is one.
    mutating func take(_ rule: RateLimitRule, now: MonotonicInstant) -> RateLimitDecision {
        // Per token, at least 1 ns; and so, for the whole bucket, the window without its rounding error.
        let interval = max(1, rule.window.wholeNanoseconds / Int64(rule.limit))
        let (capacity, _) = interval.multipliedReportingOverflow(by: Int64(rule.limit))
        // Clamped to what the bucket can hold: a clock that was set back must not lock a key out.
        let missing = min(max(0, (fullAt - now).wholeNanoseconds), capacity)
        guard missing <= capacity - interval else {
            fullAt = now + .nanoseconds(missing)
            return RateLimitDecision(
                isAllowed: false, limit: rule.limit, remaining: 0, resetAfter: .nanoseconds(missing),
                retryAfter: .nanoseconds(missing - (capacity - interval)))
        }
        let left = capacity - missing - interval
        fullAt = now + .nanoseconds(missing + interval)
        return RateLimitDecision(
            isAllowed: true, limit: rule.limit, remaining: Int(left / interval), resetAfter: .nanoseconds(missing + interval),
            retryAfter: left >= interval ? .zero : .nanoseconds(interval - left))
    }
}
