// The limiter as its callers see it, in this process, in a live Redis, and with a Redis that is away.

@testable import Actors
import Reactor
import TestSupport
import Testing

private let threeAMinute = RateLimitRule(name: "three", limit: 3, window: .seconds(60))
private let threeAWindow = RateLimitRule(name: "window", limit: 3, window: .seconds(3_600), algorithm: .fixedWindow)

@Suite struct LocalRateLimiterTests {
    @Test(arguments: [threeAMinute, threeAWindow])
    func refusesBeyondTheLimit(rule: RateLimitRule) async throws {
        try await withLoop { isolation in
            let group = RateLimiterGroup(loops: [isolation.loop])
            let limiter = group[isolation.loop]
            for remaining in [2, 1, 0] {
                let decision = await limiter.decide(rule, key: "alice")
                #expect(decision.isAllowed)
                #expect(decision.remaining == remaining)
            }
            let refused = await limiter.decide(rule, key: "alice")
            #expect(!refused.isAllowed)
            #expect(refused.retryAfter >= 1)
            #expect(await limiter.decide(rule, key: "bob").isAllowed)
        }
    }

    @Test func rulesCountApart() async throws {
        try await withLoop { isolation in
            let limiter = RateLimiterGroup(loops: [isolation.loop])[isolation.loop]
            for _ in 0..<4 { _ = await limiter.decide(threeAMinute, key: "alice") }
            #expect(await limiter.decide(threeAWindow, key: "alice").isAllowed)
            #expect(await limiter.decide(threeAMinute, key: "alice").isAllowed == false)
        }
    }

    @Test func loopsShareOneBucket() async throws {
        try await EventLoopGroup.withGroup(loops: 3) { loops in
            let group = RateLimiterGroup(loops: loops.loops)
            var allowed = 0
            for turn in 0..<12 {
                if await group[loops.loops[turn % 3]].decide(threeAMinute, key: "alice").isAllowed { allowed += 1 }
            }
            #expect(allowed == 3)
            let statistics = await group.statistics()
            #expect(statistics.allowed == 3)
            #expect(statistics.refused == 9)
            #expect(statistics.localKeys == 1)
        }
    }

    @Test func rememberedKeysAreBounded() async throws {
        try await withLoop { isolation in
            let group = RateLimiterGroup(loops: [isolation.loop], maxLocalKeys: 100)
            for number in 0..<1_000 { _ = await group[isolation.loop].decide(threeAMinute, key: "\(number)") }
            #expect(await group.statistics().localKeys == 100)
        }
    }
}

@Suite struct RateLimiterWithoutRedisTests {
    private func check(_ address: SocketAddress, on loop: EventLoop) async throws {
        let client = RedisClient(loop: loop, configuration: RedisConfiguration(address: address))
        let group = RateLimiterGroup(loops: [loop], redis: [client])
        let start = MonotonicInstant.now()
        var allowed = 0
        for _ in 0..<50 where await group[loop].decide(threeAMinute, key: "alice").isAllowed { allowed += 1 }
        #expect(allowed == 3)
        #expect(MonotonicInstant.now() - start < .seconds(2))
        #expect(await group.statistics().fallbacks == 50)
        await client.shutdown()
    }

    @Test func closedPortMeansDecidingInProcess() async throws {
        try await withLoop { isolation in
            try await check(try ScriptedRedis.closedPort(loop: isolation.loop), on: isolation.loop)
        }
    }

    @Test func silentServerMeansDecidingInProcess() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.silent(loop: isolation.loop)
            defer { server.close() }
            try await check(server.address, on: isolation.loop)
        }
    }

    @Test func decisionThatMakesNoSenseMeansDecidingInProcess() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { _ in "*2\r\n:1\r\n$3\r\nyes\r\n" }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(address: server.address))
            let group = RateLimiterGroup(loops: [isolation.loop], redis: [client])
            var allowed = 0
            for _ in 0..<10 where await group[isolation.loop].decide(threeAMinute, key: "alice").isAllowed { allowed += 1 }
            #expect(allowed == 3)
            await client.shutdown()
        }
    }

    @Test func guardedKeyIsStillOutOfAttemptsWhenRedisGoesAway() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { words in
                words[0] == "SCRIPT" ? "$1\r\nx\r\n" : "*4\r\n:1\r\n:2\r\n:1\r\n:0\r\n"
            }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(address: server.address))
            let group = RateLimiterGroup(loops: [isolation.loop], redis: [client])
            let login = RateLimitRule(name: "login", limit: 3, window: .seconds(60), countsLocallyToo: true)
            for _ in 0..<3 { #expect(await group[isolation.loop].decide(login, key: "alice").isAllowed) }
            server.close()
            for _ in 0..<5 { #expect(await group[isolation.loop].decide(login, key: "alice").isAllowed == false) }
            await client.shutdown()
        }
    }
}

@Suite(.enabled(if: TestRedis.isAvailable)) struct SharedRateLimiterTests {
    @Test(arguments: [threeAMinute, threeAWindow])
    func twoClientsShareOneLimit(rule: RateLimitRule) async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let prefix = TestRedis.uniquePrefix()
            let clients = [
                RedisClient(loop: loop, configuration: try TestRedis.configuration()),
                RedisClient(loop: loop, configuration: try TestRedis.configuration()),
            ]
            let groups = clients.map { RateLimiterGroup(loops: [loop], redis: [$0], keyPrefix: prefix) }
            var decisions: [RateLimitDecision] = []
            for turn in 0..<6 { decisions.append(await groups[turn % 2][loop].decide(rule, key: "alice")) }
            #expect(decisions.map(\.isAllowed) == [true, true, true, false, false, false])
            #expect(decisions.map(\.remaining) == [2, 1, 0, 0, 0, 0])
            for decision in decisions {
                #expect(decision.retryAfter >= 1)
                #expect(decision.resetAfter > .zero && decision.resetAfter <= rule.window)
            }
            for group in groups { #expect(await group.statistics().fallbacks == 0) }
            for client in clients { await client.shutdown() }
        }
    }

    @Test func concurrentDecisionsTakeEachTokenOnce() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let prefix = TestRedis.uniquePrefix()
            let clients = [
                RedisClient(loop: loop, configuration: try TestRedis.configuration()),
                RedisClient(loop: loop, configuration: try TestRedis.configuration()),
            ]
            let groups = clients.map { RateLimiterGroup(loops: [loop], redis: [$0], keyPrefix: prefix) }
            let rule = RateLimitRule(name: "many", limit: 25, window: .seconds(3_600))
            let allowed = await withTaskGroup(of: Bool.self) { tasks in
                for turn in 0..<100 { tasks.addTask { await groups[turn % 2][loop].decide(rule, key: "alice").isAllowed } }
                return await tasks.reduce(into: 0) { if $1 { $0 += 1 } }
            }
            #expect(allowed == 25)
            for client in clients { await client.shutdown() }
        }
    }

    @Test func remembersNothingForLongerThanItsWindow() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let prefix = TestRedis.uniquePrefix()
            let client = RedisClient(loop: loop, configuration: try TestRedis.configuration())
            let limiter = RateLimiterGroup(loops: [loop], redis: [client], keyPrefix: prefix)[loop]
            for rule in [threeAMinute, threeAWindow] {
                _ = await limiter.decide(rule, key: "alice")
                let microseconds = rule.window.wholeNanoseconds / 1_000
                let key = "\(prefix)limit:\(rule.name):\(rule.limit)/\(microseconds):alice"
                let left = try await client.execute(RedisCommand("PTTL", .text(key))).integerValue
                #expect(left.map { $0 > 0 && $0 <= microseconds / 1_000 + 1 } == true)
            }
            await client.shutdown()
        }
    }
}
