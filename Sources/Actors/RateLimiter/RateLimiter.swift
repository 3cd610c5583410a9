// The rate limiter, as one loop sees it. An actor pinned to its loop.
//
// Redis decides where there is one, so that all processes share a limit; without it, and whenever it does not answer, the
// process decides by itself. There is no state in which nobody decides.

public import Reactor

/// Decides about requests. One a loop; see ``RateLimiterGroup``.
public actor RateLimiter {
    public nonisolated let loop: EventLoop
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let local: LocalRateLimits
    private let shared: SharedRateLimits?
    private var counters = RateLimiterStatistics()

    init(loop: EventLoop, local: LocalRateLimits, shared: SharedRateLimits?) {
        self.loop = loop
        self.local = local
        self.shared = shared
    }

    /// Counts one request of `key` against `rule`.
    ///
    /// Never fails, and takes at most Redis' command deadline (100 ms). While Redis is away each process allows `limit` for
    /// itself. Cancelling the task has this process decide.
    /// - Parameter key: who is limited: a user, an address, a login name and an address.
    public func decide(_ rule: RateLimitRule, key: Text) async -> RateLimitDecision {
        let decision = await decideSomewhere(rule, key: key)
        if decision.isAllowed { counters.allowed += 1 } else { counters.refused += 1 }
        return decision
    }

    @inline(__always)
    private func decideSomewhere(_ rule: RateLimitRule, key: Text) async -> RateLimitDecision {
        guard let shared else { return await local.decide(rule, key: key) }
        do throws(RedisError) {
            let decision = try await shared.decide(rule, key: key)
            if rule.countsLocallyToo { _ = await local.decide(rule, key: key) }
            return decision
        } catch {
            counters.fallbacks += 1
            return await local.decide(rule, key: key)
        }
    }

    public var statistics: RateLimiterStatistics { counters }
}

/// Counts since the limiter was made.
public struct RateLimiterStatistics: Sendable, Equatable {
    public internal(set) var allowed = 0
    public internal(set) var refused = 0
    /// Decisions that this process made because Redis did not; they are among the other two as well.
    public internal(set) var fallbacks = 0
    /// Keys that this process remembers.
    public internal(set) var localKeys = 0

    public init() {}

    mutating func add(_ other: RateLimiterStatistics) {
        allowed += other.allowed
        refused += other.refused
        fallbacks += other.fallbacks
    }
}
