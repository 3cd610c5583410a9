// A limit, and what it decided. Values; any thread.

import Reactor

/// How requests are counted.
public enum RateLimitAlgorithm: Sendable, Hashable {
    /// A bucket of `limit` tokens that refills evenly over `window`: bursts up to the limit, then a steady rate.
    case tokenBucket
    /// `limit` requests in each window of the clock: the count begins again at every multiple of `window` since 1970 (UTC).
    case fixedWindow
}

/// At most `limit` requests in `window`, for each key.
public struct RateLimitRule: Sendable, Hashable {
    /// Tells this rule's keys from another's: a route template, or `login`. Unique within the program.
    public let name: String
    public let limit: Int
    public let window: Duration
    public let algorithm: RateLimitAlgorithm
    /// Counts in this process too while Redis decides, so that a key which is out of attempts is still out of them when Redis
    /// goes away. Costs a hop to the key's home loop: for rules that guard passwords.
    public let countsLocallyToo: Bool
    /// `<name>:<limit>/<window in microseconds>:`, in front of a tally's key where tallies are shared: a changed limit begins anew.
    let sharedName: String

    /// - Parameters:
    ///   - limit: at least 1, at most 1,000,000,000.
    ///   - window: from 1 ms to 366 days.
    public init(
        name: String, limit: Int, window: Duration, algorithm: RateLimitAlgorithm = .tokenBucket, countsLocallyToo: Bool = false
    ) {
        precondition((1...1_000_000_000).contains(limit), "a rate limit outside 1...1,000,000,000")
        precondition(window >= .milliseconds(1) && window <= .seconds(366 * 86_400), "a rate limit's window outside 1 ms...366 days")
        self.name = name
        self.limit = limit
        self.window = window
        self.algorithm = algorithm
        self.countsLocallyToo = countsLocallyToo
        sharedName = "\(name):\(limit)/\(window.wholeNanoseconds / 1_000):"
    }
}

/// What a rule says to one request.
public struct RateLimitDecision: Sendable, Hashable {
    public let isAllowed: Bool
    public let limit: Int
    /// Requests that would be allowed right now, after this one.
    public let remaining: Int
    /// Until all of the limit is available again.
    public let resetAfter: Duration
    /// Whole seconds until a refused request could be allowed; at least 1, also where it was not refused.
    public let retryAfter: Int

    public init(isAllowed: Bool, limit: Int, remaining: Int, resetAfter: Duration, retryAfter: Duration) {
        self.isAllowed = isAllowed
        self.limit = limit
        self.remaining = max(0, remaining)
        self.resetAfter = max(.zero, resetAfter)
        self.retryAfter = max(1, retryAfter.ceilingSeconds)
    }

    /// ``resetAfter`` in whole seconds, rounded up: what `RateLimit` and `X-RateLimit-Reset` carry.
    public var resetSeconds: Int { resetAfter.ceilingSeconds }
}

extension Duration {
    /// Whole seconds, rounded up; not negative.
    fileprivate var ceilingSeconds: Int {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return Int(clamping: seconds) + (attoseconds > 0 && seconds < .max ? 1 : 0)
    }
}
