// The limiters of a process, one a loop, and the shards they share. A value of lets; any thread.

public import Reactor

/// Makes and holds a ``RateLimiter`` for each loop.
public struct RateLimiterGroup: Sendable {
    private let limiters: [RateLimiter]
    private let shards: [RateLimiterShard]

    /// - Parameters:
    ///   - loops: the group's loops, in order.
    ///   - redis: a client a loop, in the same order; nil to decide in this process.
    ///   - keyPrefix: what every key in Redis begins with.
    ///   - maxLocalKeys: keys that this process remembers, all loops together, at about 250 bytes each. Past it the one used
    ///     longest ago is forgotten, which gives it a new limit: whoever wants that must first make this many requests under
    ///     as many names.
    public init(
        loops: [EventLoop], redis: [RedisClient]? = nil, keyPrefix: String = "reactor:", maxLocalKeys: Int = 65_536
    ) {
        precondition(redis.map { $0.count == loops.count } ?? true, "a loop without a Redis client")
        let shards = loops.map { RateLimiterShard(loop: $0, maxKeys: maxLocalKeys / loops.count) }
        self.shards = shards
        limiters = loops.indices.map { index in
            RateLimiter(
                loop: loops[index], local: LocalRateLimits(shards: shards),
                shared: redis.map { SharedRateLimits(client: $0[index], prefix: keyPrefix) })
        }
    }

    /// The limiter to use on `loop`, which is one of the group's.
    public subscript(loop: EventLoop) -> RateLimiter { limiters[loop.index] }

    /// The counts of all loops together.
    public func statistics() async -> RateLimiterStatistics {
        var total = RateLimiterStatistics()
        for limiter in limiters { total.add(await limiter.statistics) }
        for shard in shards { total.localKeys += await shard.count }
        return total
    }
}
