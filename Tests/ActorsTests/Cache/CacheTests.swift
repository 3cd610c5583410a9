// The cache as its callers see it, in this process, in a live Redis, and with a Redis that is away.

@testable import Actors
import Reactor
import TestSupport
import Testing

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct LocalCacheTests {
    @Test func loadsOnceAndServesFromMemory() async throws {
        try await withLoop { isolation in
            let group = CacheGroup(loops: [isolation.loop])
            let cache = group[isolation.loop]
            let loads = Tally()
            for _ in 0..<5 {
                let value = try await cache.value(namespace: "products", key: "0:10", ttl: .seconds(60)) {
                    loads.raise()
                    return bytes("[]")
                }
                #expect(value == bytes("[]"))
            }
            #expect(loads.count == 1)
            let statistics = await group.statistics()
            #expect(statistics.hits == 4)
            #expect(statistics.misses == 1)
            #expect(statistics.entries == 1)
            await group.shutdown()
        }
    }

    @Test func invalidationForgetsItsNamespaceOnly() async throws {
        try await withLoop { isolation in
            let group = CacheGroup(loops: [isolation.loop])
            let cache = group[isolation.loop]
            let loads = Tally()
            let read: @Sendable (String) async throws -> [UInt8] = { namespace in
                try await cache.value(namespace: namespace, key: "k", ttl: .seconds(60)) { bytes("\(loads.raise())") }
            }
            try await #expect(read("a") == bytes("1"))
            try await #expect(read("b") == bytes("2"))
            await cache.invalidate(namespace: "a")
            try await #expect(read("a") == bytes("3"))
            try await #expect(read("b") == bytes("2"))
            await group.shutdown()
        }
    }

    @Test func whatWasInvalidatedIsReplacedAndDoesNotPileUp() async throws {
        try await withLoop { isolation in
            let group = CacheGroup(loops: [isolation.loop])
            let cache = group[isolation.loop]
            for round in 0..<100 {
                let value = try await cache.value(namespace: "tasks", key: "0:10", ttl: .seconds(60)) { bytes("\(round)") }
                #expect(value == bytes("\(round)"))
                await cache.invalidate(namespace: "tasks")
            }
            #expect(await group.statistics().entries == 1)
            await group.shutdown()
        }
    }

    /// A list of another process' making, as it is told.
    @Test func heedsWhatOtherProcessesSay() async throws {
        try await withLoop { isolation in
            let group = CacheGroup(loops: [isolation.loop])
            let cache = group[isolation.loop]
            func value(_ namespace: String, _ text: String) async throws -> [UInt8] {
                try await cache.value(namespace: namespace, key: "k", ttl: .seconds(60)) { bytes(text) }
            }
            for namespace in ["a", "b"] { try await #expect(value(namespace, "1") == bytes("1")) }
            group.apply(.changed(ChangeSet(namespaces: ["a"])))
            try await #expect(value("a", "2") == bytes("2"))
            try await #expect(value("b", "2") == bytes("1"))
            // Nothing is kept while they are not heard, and nothing of before is believed afterwards.
            group.apply(.ended)
            for text in ["3", "4"] { try await #expect(value("b", text) == bytes(text)) }
            group.apply(.began)
            for text in ["5", "6"] { try await #expect(value("b", text) == bytes("5")) }
            await group.shutdown()
        }
    }

    @Test func keepsUsersAndKeysApart() async throws {
        try await withLoop { isolation in
            let group = CacheGroup(loops: [isolation.loop])
            let cache = group[isolation.loop]
            let loads = Tally()
            let places: [(String, String, Int64?)] = [
                ("n", "1|k", nil), ("n", "k", 1), ("n", "k", 11), ("n", "|k", nil), ("n", "k", nil), ("n:k", "", nil), ("n", "", 1),
            ]
            for _ in 0..<2 {
                for (index, place) in places.enumerated() {
                    let value = try await cache.value(namespace: place.0, key: Text(place.1), user: place.2, ttl: .seconds(60)) {
                        loads.raise()
                        return bytes("\(index)")
                    }
                    #expect(value == bytes("\(index)"))
                }
            }
            #expect(loads.count == places.count)
            await group.shutdown()
        }
    }

    @Test func valueLoadedBeforeAnInvalidationIsNotFoundAfterIt() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let group = CacheGroup(loops: [loop])
            let cache = group[loop]
            let gate = LoopPromise<Void>(loop: loop)
            let begun = Tally()
            let old = Task(executorPreference: loop) {
                try await cache.value(namespace: "n", key: "k", ttl: .seconds(60)) {
                    begun.raise()
                    try await gate.wait()
                    return bytes("old")
                }
            }
            try await #expect(eventually(on: loop) { begun.count == 1 })
            await cache.invalidate(namespace: "n")
            // It neither boards the old flight ...
            try await #expect(cache.value(namespace: "n", key: "k", ttl: .seconds(60)) { bytes("new") } == bytes("new"))
            gate.succeed(())
            try await #expect(old.value == bytes("old"))
            // ... nor finds what that one brought.
            try await #expect(cache.value(namespace: "n", key: "k", ttl: .seconds(60)) { bytes("newer") } == bytes("new"))
            await group.shutdown()
        }
    }

    @Test func errorsAreNotCached() async throws {
        struct LoadFailed: Error {}
        try await withLoop { isolation in
            let group = CacheGroup(loops: [isolation.loop])
            let cache = group[isolation.loop]
            await #expect(throws: LoadFailed.self) {
                try await cache.value(namespace: "n", key: "k", ttl: .seconds(60)) { throw LoadFailed() }
            }
            try await #expect(cache.value(namespace: "n", key: "k", ttl: .seconds(60)) { bytes("x") } == bytes("x"))
            await group.shutdown()
        }
    }

    @Test func largeValuesAreHandedOnAndNotKept() async throws {
        try await withLoop { isolation in
            var configuration = CacheConfiguration()
            configuration.maxValueBytes = 10
            let group = CacheGroup(loops: [isolation.loop], configuration: configuration)
            let cache = group[isolation.loop]
            for number in 0..<2 {
                let value = [UInt8](repeating: UInt8(number), count: 11)
                try await #expect(cache.value(namespace: "n", key: "k", ttl: .seconds(60)) { value } == value)
            }
            #expect(await group.statistics().entries == 0)
            await group.shutdown()
        }
    }

    @Test func memoryStaysBounded() async throws {
        try await withLoop { isolation in
            var configuration = CacheConfiguration()
            configuration.maxBytes = 100_000
            let group = CacheGroup(loops: [isolation.loop], configuration: configuration)
            let cache = group[isolation.loop]
            for number in 0..<500 {
                _ = try await cache.value(namespace: "n", key: "\(number)", ttl: .seconds(60)) { [UInt8](repeating: 0, count: 1_000) }
            }
            let statistics = await group.statistics()
            #expect(statistics.bytes <= 100_000)
            #expect(statistics.entries > 50)
            #expect(statistics.evictions > 300)
            await group.shutdown()
        }
    }

    @Test func entriesAndInvalidationsAreSharedBetweenLoops() async throws {
        try await EventLoopGroup.withGroup(loops: 3) { loops in
            let group = CacheGroup(loops: loops.loops)
            let loads = Tally()
            let readEverywhere: @Sendable () async throws -> Void = {
                for loop in loops.loops {
                    for key in 0..<10 {
                        _ = try await group[loop].value(namespace: "n", key: "\(key)", ttl: .seconds(60)) {
                            loads.raise()
                            return [UInt8(key)]
                        }
                    }
                }
            }
            try await readEverywhere()
            #expect(loads.count == 10)
            await group[loops.loops[2]].invalidate(namespace: "n")
            try await readEverywhere()
            #expect(loads.count == 20)
            await group.shutdown()
        }
    }
}

@Suite struct CacheWithoutRedisTests {
    private func check(_ address: SocketAddress, on loop: EventLoop) async throws {
        let client = RedisClient(loop: loop, configuration: RedisConfiguration(address: address))
        let group = CacheGroup(loops: [loop], redis: [client])
        let cache = group[loop]
        let loads = Tally()
        let start = MonotonicInstant.now()
        for _ in 0..<200 {
            let value = try await cache.value(namespace: "n", key: "k", ttl: .seconds(60)) {
                loads.raise()
                return bytes("loaded")
            }
            #expect(value == bytes("loaded"))
        }
        #expect(loads.count == 200)
        // Three deadlines of 100 ms, then the breaker is open.
        #expect(MonotonicInstant.now() - start < .seconds(2))
        await cache.invalidate(namespace: "n")
        #expect(await group.statistics().bypasses == 200)
        await group.shutdown()
        await client.shutdown()
    }

    @Test func closedPortMeansLoadingWithoutAnError() async throws {
        try await withLoop { isolation in
            try await check(try ScriptedRedis.closedPort(loop: isolation.loop), on: isolation.loop)
        }
    }

    @Test func silentServerMeansLoadingWithoutAnError() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.silent(loop: isolation.loop)
            defer { server.close() }
            try await check(server.address, on: isolation.loop)
        }
    }

    @Test func nonsenseFromTheServerMeansLoadingWithoutAnError() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { _ in "*2\r\n:1\r\n*1\r\n+x\r\n" }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(address: server.address))
            let group = CacheGroup(loops: [isolation.loop], redis: [client])
            let value = try await group[isolation.loop].value(namespace: "n", key: "k", ttl: .seconds(60)) { bytes("loaded") }
            #expect(value == bytes("loaded"))
            await group.shutdown()
            await client.shutdown()
        }
    }

    @Test func invalidationThatRedisMissedIsPublishedWhenItIsBack() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let server = try ScriptedRedis.greeting(loop: loop) { _ in "-LOADING Redis is loading the dataset in memory\r\n" }
            defer { server.close() }
            let client = RedisClient(loop: loop, configuration: RedisConfiguration(address: server.address))
            var configuration = CacheConfiguration()
            configuration.publicationRetry = .milliseconds(5)
            let group = CacheGroup(loops: [loop], redis: [client], configuration: configuration)
            await group[loop].invalidate(namespace: "n")
            server.script = { _ in "+OK\r\n" }
            let before = server.commands.count
            try await #expect(
                eventually(on: loop) {
                    server.commands.dropFirst(before).contains { $0[0] == "SET" && $0[1] == "reactor:generation:n" }
                })
            await group.shutdown()
            await client.shutdown()
        }
    }
}

@Suite(.enabled(if: TestRedis.isAvailable)) struct SharedCacheTests {
    /// Two processes' worth of caches on one loop, sharing a Redis and nothing else.
    private func withTwo(
        _ isolation: isolated LoopActor, _ body: (_ first: Cache, _ second: Cache) async throws -> Void
    ) async throws {
        let loop = isolation.loop
        var configuration = CacheConfiguration()
        configuration.keyPrefix = TestRedis.uniquePrefix()
        let clients = [
            RedisClient(loop: loop, configuration: try TestRedis.configuration()),
            RedisClient(loop: loop, configuration: try TestRedis.configuration()),
        ]
        let groups = clients.map { CacheGroup(loops: [loop], redis: [$0], configuration: configuration) }
        try await body(groups[0][loop], groups[1][loop])
        for group in groups { await group.shutdown() }
        for client in clients { await client.shutdown() }
    }

    @Test func secondClientFindsWhatTheFirstStored() async throws {
        try await withLoop { isolation in
            try await withTwo(isolation) { first, second in
                let stored = Array(UInt8.min...UInt8.max)
                try await #expect(first.value(namespace: "n", key: "k", ttl: .seconds(60)) { stored } == stored)
                try await #expect(first.value(namespace: "n", key: "k", ttl: .seconds(60)) { bytes("no") } == stored)
                // The value is stored behind its answer: once the first client finds it in Redis, everybody does.
                try await #expect(
                    eventually(on: isolation.loop) {
                        _ = try? await first.value(namespace: "n", key: "k", ttl: .seconds(60)) { bytes("no") }
                        return await first.statistics().hits > 0
                    })
                try await #expect(second.value(namespace: "n", key: "k", ttl: .seconds(60)) { bytes("no") } == stored)
            }
        }
    }

    @Test func secondClientSeesTheFirstOnesInvalidation() async throws {
        try await withLoop { isolation in
            try await withTwo(isolation) { first, second in
                try await #expect(first.value(namespace: "n", key: "k", ttl: .seconds(60)) { bytes("1") } == bytes("1"))
                try await #expect(first.value(namespace: "n", key: "k", ttl: .seconds(60)) { bytes("2") } == bytes("1"))
                await first.invalidate(namespace: "n")
                try await #expect(second.value(namespace: "n", key: "k", ttl: .seconds(60)) { bytes("3") } == bytes("3"))
            }
        }
    }

    @Test func valueLoadedBeforeAnInvalidationIsNotFoundAfterIt() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            try await withTwo(isolation) { first, second in
                let gate = LoopPromise<Void>(loop: loop)
                let begun = Tally()
                let old = Task(executorPreference: loop) {
                    try await first.value(namespace: "n", key: "k", ttl: .seconds(60)) {
                        begun.raise()
                        try await gate.wait()
                        return bytes("old")
                    }
                }
                try await #expect(eventually(on: loop) { begun.count == 1 })
                await second.invalidate(namespace: "n")
                gate.succeed(())
                try await #expect(old.value == bytes("old"))
                try await #expect(first.value(namespace: "n", key: "k", ttl: .seconds(60)) { bytes("new") } == bytes("new"))
                try await #expect(second.value(namespace: "n", key: "k", ttl: .seconds(60)) { bytes("newer") } != bytes("old"))
            }
        }
    }

    @Test func loadsOnceForManyWhoAskTogether() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            try await withTwo(isolation) { first, _ in
                let loads = Tally()
                let gate = LoopPromise<Void>(loop: loop)
                let askers = (0..<50).map { _ in
                    Task(executorPreference: loop) {
                        try await first.value(namespace: "n", key: "k", ttl: .seconds(60)) {
                            loads.raise()
                            try await gate.wait()
                            return bytes("v")
                        }
                    }
                }
                try await #expect(eventually(on: loop) { await first.statistics().misses == 50 })
                gate.succeed(())
                for asker in askers { try await #expect(asker.value == bytes("v")) }
                #expect(loads.count == 1)
            }
        }
    }
}
