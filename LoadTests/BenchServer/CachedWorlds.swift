// The cache of the cached-queries test: Redis where there is one, as the application's is, else the process. A value of lets; on its
// loop.

import Reactor

/// Random numbers by id.
struct CachedWorlds: Sendable {
    let redis: RedisClient?
    /// The number of id 1 first; what the process caches, and what stands in where Redis has lost an entry or is away.
    let numbers: [Int64]
    let random: BenchRandom

    /// An entry's key, by its id less one: made once, since a key is asked for at every request.
    private static let keys = World.range.map { RedisArgument.text("world:\($0)") }
    private static let keysPerCommand = 500

    /// Cached rows at random: one MGET for all of them. Fewer than asked for only without a database, where there is nothing to cache.
    func any(_ count: Int) async -> [World] {
        guard !numbers.isEmpty else { return [] }
        let ids = (0..<count).map { _ in random.next() }
        guard let redis, let entries = await CachedWorlds.look(up: ids, in: redis) else {
            return ids.map { World(id: $0, randomNumber: numbers[Int($0) - 1]) }
        }
        return zip(ids, entries).map { World(id: $0, randomNumber: $1.integerValue ?? numbers[Int($0) - 1]) }
    }

    /// Nil where Redis is away.
    private static func look(up ids: [Int64], in redis: RedisClient) async -> [RedisValue]? {
        let reply = try? await redis.execute(RedisCommand("MGET", ids.map { keys[Int($0) - 1] }))
        guard case .array(let entries)? = reply, entries.count == ids.count else { return nil }
        return entries
    }

    /// Puts all rows there.
    static func fill(_ redis: RedisClient, with numbers: [Int64]) async throws(RedisError) {
        for start in stride(from: 0, to: numbers.count, by: keysPerCommand) {
            var command = RedisCommand("MSET")
            for index in start..<min(start + keysPerCommand, numbers.count) {
                command.append(keys[index])
                command.append(.integer(Int(numbers[index])))
            }
            _ = try await redis.execute(command)
        }
    }
}
