// The in-process half of the limiter: the buckets of some keys, on one loop. An actor pinned to that loop.

import Reactor

/// What an in-process bucket is found by.
struct RateLimitKey: Sendable, Hashable {
    let rule: String
    let key: Text
}

/// The buckets whose keys hash to this shard's loop. A bucket that is full again, or whose window is over, is as good as none
/// and expires; past the bound the one used longest ago makes room.
actor RateLimiterShard {
    private enum Tally: Sendable {
        case bucket(TokenBucket)
        case window(FixedWindow)
    }

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private var tallies: LRU<RateLimitKey, Tally>

    init(loop: EventLoop, maxKeys: Int) {
        self.loop = loop
        tallies = LRU(maxEntries: maxKeys)
    }

    var count: Int { tallies.count }

    func decide(_ rule: RateLimitRule, key: Text) -> RateLimitDecision {
        let key = RateLimitKey(rule: rule.name, key: key)
        let now = loop.now
        let decision: RateLimitDecision
        let tally: Tally
        switch (rule.algorithm, tallies.value(for: key, now: now)) {
        case (.tokenBucket, let found):
            var bucket = if case .bucket(let bucket)? = found { bucket } else { TokenBucket() }
            decision = bucket.take(rule, now: now)
            tally = .bucket(bucket)
        case (.fixedWindow, let found):
            var window = if case .window(let window)? = found { window } else { FixedWindow() }
            decision = window.take(rule, now: .now())
            tally = .window(window)
        }
        tallies.insert(tally, for: key, expiresAt: now + decision.resetAfter, now: now)
        return decision
    }
}

/// All shards of a process: a key's bucket lives on the loop that the key's hash chooses, so that it exists once.
struct LocalRateLimits: Sendable {
    let shards: [RateLimiterShard]

    func decide(_ rule: RateLimitRule, key: Text) async -> RateLimitDecision {
        var hasher = Hasher()
        hasher.combine(rule.name)
        hasher.combine(key)
        return await shards[Int(UInt(bitPattern: hasher.finalize()) % UInt(shards.count))].decide(rule, key: key)
    }
}
