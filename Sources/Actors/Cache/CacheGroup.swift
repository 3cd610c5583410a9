// The caches of a process, one a loop, and the shards they share. A value of lets; any thread.

public import Reactor

/// Makes and holds a ``Cache`` for each loop.
public struct CacheGroup: Sendable {
    private let caches: [Cache]
    private let shards: [CacheShard]
    private let generations: CacheGenerations
    private let usesRedis: Bool
    /// What a process has announced that could not tell Redis, it announces again in less than this.
    private static let reannouncement = Duration.seconds(2)

    /// - Parameters:
    ///   - loops: the group's loops, in order.
    ///   - redis: a client a loop, in the same order; nil for a cache in this process.
    ///   - feed: other processes that share the database; nil where there is none. Without Redis nothing is kept until
    ///     ``apply(_:)`` has been told that they are heard.
    public init(
        loops: [EventLoop], redis: [RedisClient]? = nil, feed: ChangeFeed? = nil,
        configuration: CacheConfiguration = CacheConfiguration()
    ) {
        precondition(redis.map { $0.count == loops.count } ?? true, "a loop without a Redis client")
        let generations = CacheGenerations()
        usesRedis = redis != nil
        if feed != nil, redis == nil { generations.setInformed(false) }
        self.generations = generations
        let shards =
            redis == nil
            ? loops.map { loop in
                CacheShard(
                    loop: loop, maxEntries: configuration.maxEntries / loops.count, maxBytes: configuration.maxBytes / loops.count)
            } : []
        self.shards = shards
        caches = loops.indices.map { index in
            let store: Cache.Store =
                if let redis {
                    .shared(RedisCacheStore(client: redis[index], prefix: configuration.keyPrefix))
                } else {
                    .local(LocalCacheStore(shards: shards, generations: generations))
                }
            return Cache(loop: loops[index], store: store, generations: generations, feed: feed, configuration: configuration)
        }
    }

    /// Heeds what other processes say. On any loop of the group.
    public func apply(_ event: ChangeFeed.Event) {
        guard usesRedis else { return applyLocally(event) }
        // With Redis, others announce what they could not tell it: so this process is not to read it from there either.
        let soon = MonotonicInstant.now() + CacheGroup.reannouncement
        switch event {
        case .began: generations.listeningBegan(bypassUntil: soon)
        case .ended: break
        case .changed(let changes) where changes.isEverything: generations.bypassSharedStore(until: soon)
        case .changed(let changes):
            for namespace in changes.namespaces { generations.raise(namespace) }
            if !changes.namespaces.isEmpty { caches[0].publishForOthers(Array(changes.namespaces)) }
        }
    }

    private func applyLocally(_ event: ChangeFeed.Event) {
        switch event {
        case .began: generations.setInformed(true)
        case .ended: generations.setInformed(false)
        case .changed(let changes) where changes.isEverything: generations.raiseAll()
        case .changed(let changes): for namespace in changes.namespaces { generations.raise(namespace) }
        }
    }

    /// The cache to use on `loop`, which is one of the group's.
    public subscript(loop: EventLoop) -> Cache { caches[loop.index] }

    /// The counts of all loops together.
    public func statistics() async -> CacheStatistics {
        var total = CacheStatistics()
        for cache in caches { total.add(await cache.statistics()) }
        for shard in shards {
            let usage = await shard.usage
            total.entries += usage.entries
            total.bytes += usage.bytes
            total.evictions += usage.evictions
        }
        return total
    }

    public func shutdown() async {
        for cache in caches { await cache.shutdown() }
    }
}
