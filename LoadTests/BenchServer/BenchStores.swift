// The database and the Redis of one loop. A value of lets; any thread.

import Actors
import Reactor

/// What a loop reads from and writes to.
struct BenchStores: Sendable {
    /// Nil without DATABASE_URL: what needs it is then answered with 503.
    let database: DatabasePool?
    /// Nil without REDIS_URL: the cache is then in the process.
    let redis: RedisClient?

    init(loop: EventLoop, _ settings: BenchSettings) {
        database = settings.database.map { DatabasePool(loop: loop, configuration: $0) }
        redis = settings.redis.map { RedisClient(loop: loop, configuration: $0) }
    }

    /// Makes what is missing of the tables, and fills the cache.
    /// - Returns: the random numbers of the world table, by id; empty without a database.
    func prepare() async throws -> [Int64] {
        guard let database else { return [] }
        let numbers = try await BenchTables.prepare(database)
        if let redis { try await CachedWorlds.fill(redis, with: numbers) }
        return numbers
    }

    func shutdown() async {
        await database?.shutdown()
        await redis?.shutdown()
    }
}
