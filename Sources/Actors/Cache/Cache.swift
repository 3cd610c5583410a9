// The cache, as one loop sees it: look up, load what is missing once, store, invalidate. An actor pinned to its loop.
//
// Entries are in Redis where there is one, else in this process. Redis being slow or away is never an error here: the value is
// loaded as if there were no cache.

public import Reactor

/// A cache of byte strings in namespaces. One a loop; see ``CacheGroup``.
public actor Cache {
    enum Store: Sendable {
        case local(LocalCacheStore)
        case shared(RedisCacheStore)
    }

    private struct FlightKey: Sendable, Hashable {
        let namespace: String
        let generation: CacheGeneration
        let key: Text
    }

    public nonisolated let loop: EventLoop
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let store: Store
    private let generations: CacheGenerations
    private let configuration: CacheConfiguration
    private let flights: SingleFlight<FlightKey, [UInt8]>
    /// Tells other processes what Redis does not.
    private let feed: ChangeFeed?
    private var counters = CacheStatistics()
    private var publication: Task<Void, Never>?
    private var isShutDown = false

    init(loop: EventLoop, store: Store, generations: CacheGenerations, feed: ChangeFeed?, configuration: CacheConfiguration) {
        self.loop = loop
        self.feed = feed
        self.store = store
        self.generations = generations
        self.configuration = configuration
        flights = SingleFlight(loop: loop)
    }

    // MARK: Reading

    /// The cached value, or the loaded one, which is then cached.
    ///
    /// On this loop one load is under way for a key at a time; the others wait for it and share its result or its error.
    /// Cancelling the task ends its wait at once, and the load only if nobody else waits for it. A value whose load began
    /// before an invalidation is never found after it.
    /// - Parameters:
    ///   - namespace: what is invalidated together, such as `products` or `tasks:42`.
    ///   - key: every parameter that the value depends on.
    ///   - user: the owner of private data: the value is theirs alone.
    ///   - ttl: how long it may be served.
    ///   - load: makes the value. Runs on this loop.
    /// - Throws: only what `load` throws, and `CancellationError`.
    public func value(
        namespace: String, key: Text, user: Int64? = nil, ttl: Duration,
        load: @escaping @Sendable () async throws -> [UInt8]
    ) async throws -> [UInt8] {
        // No user's key can look like another's: the first bar ends the user.
        let key: Text = if let user { "\(user)|\(key)" } else { "|" + key }
        let found = await lookUp(namespace: namespace, key: key)
        if let bytes = found.bytes {
            counters.hits += 1
            return bytes
        }
        counters.misses += 1
        // The generation is part of the flight: who comes after an invalidation must not board a load from before it.
        let flight = FlightKey(namespace: namespace, generation: found.generation, key: key)
        guard case .local = store else {
            guard found.isStorable else { return try await flights.value(for: flight, load: load) }
            // Redis may be slow: it is told once the callers have their answer.
            return try await flights.value(for: flight, load: load) { [self] bytes in
                if isStorable(bytes, found) { await keep(bytes, flight, ttl: ttl) }
            }
        }
        return try await flights.value(for: flight) { [self] in
            let bytes = try await load()
            if isStorable(bytes, found) { await keep(bytes, flight, ttl: ttl) }
            return bytes
        }
    }

    private nonisolated func isStorable(_ bytes: [UInt8], _ found: CacheLookup) -> Bool {
        found.isStorable && bytes.count <= configuration.maxValueBytes
    }

    @inline(__always)
    private func lookUp(namespace: String, key: Text) async -> CacheLookup {
        switch store {
        case .local(let local):
            let found = await local.lookUp(namespace: namespace, key: key)
            if !found.isStorable { counters.bypasses += 1 }
            return found
        case .shared(let shared):
            // The process's own generation stands in, so that flights are still told apart by invalidations.
            let bypass = CacheLookup(generation: generations.current(of: namespace), bytes: nil, isStorable: false)
            guard !generations.isUnpublished(namespace, now: loop.now) else {
                counters.bypasses += 1
                return bypass
            }
            do throws(RedisError) {
                return try await shared.lookUp(namespace: namespace, key: key)
            } catch {
                counters.bypasses += 1
                return bypass
            }
        }
    }

    private func keep(_ bytes: [UInt8], _ flight: FlightKey, ttl: Duration) async {
        switch store {
        case .local(let local):
            await local.store(bytes, namespace: flight.namespace, generation: flight.generation, key: flight.key, ttl: ttl)
        case .shared(let shared):
            // A value that could not be stored is loaded again next time.
            try? await shared.store(
                bytes, namespace: flight.namespace, generation: flight.generation, key: flight.key, ttl: ttl)
        }
    }

    // MARK: Invalidating

    /// Forgets everything in a namespace, in all processes that share the store. Call it after the commit: before it, another
    /// request would load and cache the old rows under the new generation.
    public func invalidate(namespace: String) async {
        await invalidate(namespaces: [namespace])
    }

    /// Forgets everything in several namespaces. O(1) each, one write to Redis for all.
    ///
    /// When it returns, no look-up of this process finds an old value, even if Redis is away: the namespaces then bypass
    /// Redis until it has been told, which is tried again until it succeeds. Other processes of the database hear of it by its
    /// notifications where there is no Redis or it was not told, within milliseconds. Cancelling the task does not stop it: the commit
    /// has happened.
    public func invalidate(namespaces: [String]) async {
        guard !namespaces.isEmpty else { return }
        counters.invalidations += namespaces.count
        for namespace in namespaces { generations.raise(namespace) }
        guard case .shared(let shared) = store else {
            await feed?.announce(ChangeSet(namespaces: namespaces), on: loop)
            return
        }
        // From here to the reply an old generation could still be read from Redis by another loop of this process.
        let ticket = generations.markUnpublished(namespaces)
        let publishing = Task(executorPreference: loop) { await self.publish(namespaces, through: ticket, to: shared) }
        guard await !publishing.value else { return }
        await feed?.announce(ChangeSet(namespaces: namespaces), on: loop)
        publishLater(to: shared)
    }

    /// Takes on what another process could not tell Redis: until somebody could, this process reads none of it from there.
    nonisolated func publishForOthers(_ namespaces: [String]) {
        guard case .shared(let shared) = store else { return }
        _ = generations.markUnpublished(namespaces)
        Task(executorPreference: loop) { await self.publishLater(to: shared) }
    }

    private func publishLater(to shared: RedisCacheStore) {
        guard publication == nil, !isShutDown else { return }
        publication = Task(executorPreference: loop) { await self.publishRemaining(to: shared) }
    }

    private func publish(_ namespaces: [String], through ticket: UInt64, to shared: RedisCacheStore) async -> Bool {
        do throws(RedisError) {
            try await shared.raise(namespaces)
            generations.markPublished(namespaces, through: ticket)
            return true
        } catch {
            return false
        }
    }

    /// Tells Redis what it missed, in batches, until nothing is left.
    private func publishRemaining(to shared: RedisCacheStore) async {
        while true {
            let batch = generations.unpublished(atMost: 256)
            guard !batch.namespaces.isEmpty else { break }
            if await publish(batch.namespaces, through: batch.ticket, to: shared) { continue }
            // Again and again: a process that begins to listen meanwhile has to hear of it.
            await feed?.announce(ChangeSet(namespaces: generations.unpublishedNamespaces), on: loop)
            do {
                try await loop.sleep(for: configuration.publicationRetry)
            } catch {
                break
            }
        }
        publication = nil
    }

    // MARK: Reporting and ending

    /// This loop's counts; entries and bytes are reported by ``CacheGroup/statistics()``.
    public func statistics() async -> CacheStatistics {
        var snapshot = counters
        snapshot.loads = await flights.started
        return snapshot
    }

    /// Cancels loads under way and returns when they have ended.
    public func shutdown() async {
        isShutDown = true
        publication?.cancel()
        await publication?.value
        await flights.shutdown()
    }
}
