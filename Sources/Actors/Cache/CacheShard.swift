// The in-process half of the cache: a slice of the entries, on one loop. An actor pinned to that loop.

import Reactor

/// What an in-process entry is found by.
struct CacheEntryKey: Sendable, Hashable {
    let namespace: String
    let key: Text

    /// Roughly what the key and the bookkeeping of an entry occupy besides its value.
    var overheadBytes: Int { namespace.utf8.count + key.byteCount + 160 }
}

/// The entries whose keys hash to this shard's loop.
///
/// A key has one entry, with the generation that it was loaded in: what was invalidated is replaced by what is loaded next, and does
/// not lie beside it until its lifetime is over.
actor CacheShard {
    private struct Entry {
        let generation: CacheGeneration
        let bytes: [UInt8]
    }

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private var entries: LRU<CacheEntryKey, Entry>

    init(loop: EventLoop, maxEntries: Int, maxBytes: Int) {
        self.loop = loop
        entries = LRU(maxEntries: maxEntries, maxCost: maxBytes)
    }

    func value(for key: CacheEntryKey, _ generation: CacheGeneration) -> [UInt8]? {
        guard let entry = entries.value(for: key, now: loop.now), entry.generation == generation else { return nil }
        return entry.bytes
    }

    func store(_ bytes: [UInt8], for key: CacheEntryKey, _ generation: CacheGeneration, ttl: Duration) {
        let now = loop.now
        entries.insert(
            Entry(generation: generation, bytes: bytes), for: key, cost: bytes.count + key.overheadBytes, expiresAt: now + ttl, now: now)
    }

    var usage: (entries: Int, bytes: Int, evictions: Int) { (entries.count, entries.totalCost, entries.evictions) }
}

/// All shards of a process: an entry lives on the loop that its key's hash chooses, so that it exists once.
struct LocalCacheStore: Sendable {
    let shards: [CacheShard]
    let generations: CacheGenerations

    func lookUp(namespace: String, key: Text) async -> CacheLookup {
        let (generation, isInformed) = generations.lookUp(namespace)
        guard isInformed else { return CacheLookup(generation: generation, bytes: nil, isStorable: false) }
        let entryKey = CacheEntryKey(namespace: namespace, key: key)
        let bytes = await shard(for: entryKey).value(for: entryKey, generation)
        return CacheLookup(generation: generation, bytes: bytes, isStorable: true)
    }

    func store(_ bytes: [UInt8], namespace: String, generation: CacheGeneration, key: Text, ttl: Duration) async {
        // Raised while the value was being loaded: nobody would ever find it.
        guard generations.current(of: namespace) == generation else { return }
        let entryKey = CacheEntryKey(namespace: namespace, key: key)
        await shard(for: entryKey).store(bytes, for: entryKey, generation, ttl: ttl)
    }

    private func shard(for key: CacheEntryKey) -> CacheShard {
        shards[Int(UInt(bitPattern: key.hashValue) % UInt(shards.count))]
    }
}

/// What a look-up found.
struct CacheLookup: Sendable {
    /// Read before the value is loaded; the loaded value is stored under it, whatever was invalidated in between.
    let generation: CacheGeneration
    let bytes: [UInt8]?
    /// False where the shared store failed, or where other processes' invalidations do not arrive: the value is loaded, and not stored.
    let isStorable: Bool
}
