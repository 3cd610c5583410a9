// The benchmark's tables on every database: made once, read, changed, cached.

import Actors
import Reactor
import TestSupport
import Testing

@testable import BenchServer

@Suite struct BenchTablesTests {
    @Test(arguments: TestDatabase.available)
    func tablesAreMadeOnceAndKeepTheirRows(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            let first = try await BenchTables.prepare(pool)
            #expect(first.count == 10_000)
            #expect(first.allSatisfy { World.range.contains($0) })
            try await #expect(BenchTables.prepare(pool) == first)
            try await #expect(pool.execute(.read("SELECT count(*) FROM fortune"), [])[0].int(0) == 12)
        }
    }

    @Test(arguments: TestDatabase.available)
    func whatIsAnsweredAfterAChangeIsWhatTheTableHolds(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            _ = try await BenchTables.prepare(pool)
            let table = WorldTable(pool, syncsEach: false)
            for count in [1, 20, 500] {
                let changed = try await table.change(count)
                #expect(changed.count == count)
                try await #expect(table.rows(changed.map(\.id)) == changed)
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func thePageHoldsEveryFortuneAndOneMore(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            _ = try await BenchTables.prepare(pool)
            let page = String(decoding: try await Fortunes(pool, syncsEach: true).page(), as: UTF8.self)
            #expect(page.split(separator: "<tr><td>").count == 14)
            #expect(page.contains("<tr><td>0</td><td>Additional fortune added at request time.</td></tr>"))
            #expect(page.contains("<td>フレームワークのベンチマーク</td></tr></table></body></html>"))
            #expect(!page.contains("<script>"))
        }
    }

    @Test(.enabled(if: TestRedis.isAvailable)) func cachedWorldsComeFromRedisAndMissingOnesFromTheProcess() async throws {
        let configuration = try TestRedis.configuration()
        try await withLoop { isolation in
            let redis = RedisClient(loop: isolation.loop, configuration: configuration)
            // Two sets of numbers tell where a row came from.
            try await CachedWorlds.fill(redis, with: Array(repeating: 1, count: 9_999))
            _ = try await redis.execute(RedisCommand("DEL", "world:10000"))
            let cached = CachedWorlds(redis: redis, numbers: Array(repeating: 2, count: 10_000), random: BenchRandom())
            let worlds = await cached.any(500)
            #expect(worlds.count == 500)
            #expect(worlds.allSatisfy { $0.randomNumber == ($0.id == 10_000 ? 2 : 1) })
            await redis.shutdown()
            await #expect(cached.any(3).map(\.randomNumber) == [2, 2, 2])
        }
    }
}
