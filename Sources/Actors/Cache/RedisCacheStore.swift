// The shared half of the cache: entries and generations in Redis. A value of one loop's client; no state of its own.
//
// The generation travels inside the entry rather than in its key. One MGET then reads a namespace's generation and the entry
// together, and an entry of an old generation is overwritten in its place instead of lying about until it expires. An
// entry counts only if it carries the generation that the namespace has now.

import Reactor

/// Entries in Redis, keyed by `<prefix>cache2:<length of namespace>:<namespace>:<key>`.
struct RedisCacheStore: Sendable {
    private let client: RedisClient
    /// `<prefix>cache2:` and `<prefix>generation:`. The number is the entries' form: what another build wrote in another form is not
    /// found, rather than misread.
    private let entryPrefix: String
    private let generationPrefix: String

    init(client: RedisClient, prefix: String) {
        self.client = client
        entryPrefix = prefix + "cache2:"
        generationPrefix = prefix + "generation:"
    }

    /// A generation's own life, far beyond any entry's. When it is lost, its entries are; so it may be.
    static let generationLifetime: Duration = .seconds(7 * 24 * 3_600)

    /// One round trip; two for the first look-up of a namespace.
    func lookUp(namespace: String, key: Text) async throws(RedisError) -> CacheLookup {
        let reply = try await client.execute(
            RedisCommand("MGET", .text(generationKey(namespace)), .text(entryKey(namespace, key))))
        guard case .array(let values) = reply, values.count == 2 else { throw .unexpectedReply("MGET of two keys") }
        guard case .bytes(let bytes) = values[0], let generation = CacheGeneration(prefixOf: bytes) else {
            return CacheLookup(generation: try await establish(namespace), bytes: nil, isStorable: true)
        }
        guard case .bytes(let entry) = values[1], CacheGeneration(prefixOf: entry) == generation else {
            return CacheLookup(generation: generation, bytes: nil, isStorable: true)
        }
        return CacheLookup(
            generation: generation, bytes: Array(entry.dropFirst(CacheGeneration.byteCount)), isStorable: true)
    }

    func store(
        _ bytes: [UInt8], namespace: String, generation: CacheGeneration, key: Text, ttl: Duration
    ) async throws(RedisError) {
        let milliseconds = Int(clamping: ttl.ceilingMilliseconds)
        guard milliseconds > 0 else { return }
        _ = try await client.execute(
            RedisCommand(
                "SET", .text(entryKey(namespace, key)), .bytes(generation.bytes + bytes), "PX", .integer(milliseconds)))
    }

    /// Gives each namespace a generation that none of its entries carries. O(1) a namespace, one write for all.
    ///
    /// A server that has no memory left for new generations removes the old ones. A namespace without one is given one by the next look-up.
    func raise(_ namespaces: [String]) async throws(RedisError) {
        let replies = try await client.execute(namespaces.map { setGeneration($0, .unique()) })
        guard let error = RedisCacheStore.firstError(in: replies) else { return }
        guard error.code == "OOM" else { throw .server(error) }
        try await remove(namespaces)
    }

    @inline(never)
    private static func firstError(in replies: [RedisValue]) -> RedisServerError? {
        for case .error(let error) in replies { return error }
        return nil
    }

    private func remove(_ namespaces: [String]) async throws(RedisError) {
        var removal = RedisCommand("DEL")
        for namespace in namespaces { removal.append(.text(generationKey(namespace))) }
        _ = try await client.execute(removal)
    }

    /// A namespace that has no generation gets one. Of several clients that try, the first one's holds for all.
    private func establish(_ namespace: String) async throws(RedisError) -> CacheGeneration {
        var setIfAbsent = setGeneration(namespace, .unique())
        setIfAbsent.append("NX")
        let replies = try await client.execute([setIfAbsent, RedisCommand("GET", .text(generationKey(namespace)))])
        guard case .bytes(let bytes)? = replies.last, let generation = CacheGeneration(prefixOf: bytes) else {
            throw .unexpectedReply("a cache generation is missing right after it was set")
        }
        return generation
    }

    private func setGeneration(_ namespace: String, _ generation: CacheGeneration) -> RedisCommand {
        RedisCommand(
            "SET", .text(generationKey(namespace)), .bytes(generation.bytes),
            "PX", .integer(Int(clamping: RedisCacheStore.generationLifetime.ceilingMilliseconds)))
    }

    private func generationKey(_ namespace: String) -> String {
        generationPrefix + namespace
    }

    /// The length keeps `a:b` + `c` and `a` + `b:c` apart.
    private func entryKey(_ namespace: String, _ key: Text) -> Text {
        var text = Text(reservingBytes: entryPrefix.utf8.count + namespace.utf8.count + key.byteCount + 8)
        text += entryPrefix
        text += String(namespace.utf8.count)
        text += ":" as String
        text += namespace
        text += ":" as String
        text += key
        return text
    }
}
