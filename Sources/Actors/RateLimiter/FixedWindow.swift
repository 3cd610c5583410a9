// A counter for each window of the clock. Pure; the owner passes the time, and it is the wall clock's, because the windows of
// several processes must begin together.

import Reactor

/// Counts a rule's requests in the current window, which began at a multiple of its length since 1970 (UTC).
struct FixedWindow: Sendable, Hashable {
    private(set) var startsAt = Timestamp(microseconds: .min)
    private(set) var count = 0

    /// Counts a request, if the window has room for it. A refused one does not count.
    mutating func take(_ rule: RateLimitRule, now: Timestamp) -> RateLimitDecision {
        let length = max(1_000, rule.window.wholeNanoseconds / 1_000)
        var elapsed = now.microseconds % length
        if elapsed < 0 { elapsed += length }
        let start = now - .microseconds(elapsed)
        if start != startsAt {
            startsAt = start
            count = 0
        }
        let untilNext = Duration.microseconds(length - elapsed)
        let isAllowed = count < rule.limit
        if isAllowed { count += 1 }
        return RateLimitDecision(
            isAllowed: isAllowed, limit: rule.limit, remaining: rule.limit - count, resetAfter: untilNext, retryAfter: untilNext)
    }
}
