// A server that answers and cannot serve: what its error replies mean for the commands after them.

@testable import Reactor
import TestSupport
import Testing

@Suite struct RedisIncapacityTests {
    /// Answers every command but the greeting's with `error`, once it is set; reads always work.
    private final class Server {
        let redis: ScriptedRedis
        var error: String?
        var refused: Set<String> = ["SET", "DEL", "EVAL"]

        init(loop: EventLoop) throws {
            redis = try ScriptedRedis.greeting(loop: loop) { _ in "+OK\r\n" }
            redis.script = { [unowned self] words in
                if words[0] == "CLIENT" { return "+OK\r\n" }
                guard let error, refused.contains(words[0]) else { return "+OK\r\n" }
                return "-\(error)\r\n"
            }
        }
    }

    private static func failure(_ client: RedisClient, _ command: RedisCommand) async -> RedisError? {
        do throws(RedisError) {
            _ = try await client.execute(command)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        "READONLY You can't write against a read only replica.", "MISCONF Redis is configured to save RDB snapshots",
        "NOAUTH Authentication required.",
        "LOADING Redis is loading the dataset in memory", "MASTERDOWN Link with MASTER is down", "NOREPLICAS Not enough good replicas",
        "CLUSTERDOWN The cluster is down", "MOVED 3999 127.0.0.1:6381", "BUSY Redis is busy running a script.",
    ])
    func nothingElseIsAskedUntilItWritesAgain(reply: String) async throws {
        try await withLoop { isolation in
            let server = try Server(loop: isolation.loop)
            defer { server.redis.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(address: server.redis.address))
            #expect(await RedisIncapacityTests.failure(client, RedisCommand("SET", "a", "b")) == nil)
            server.error = reply
            guard case .server? = await RedisIncapacityTests.failure(client, RedisCommand("SET", "a", "b")) else {
                Issue.record("the reply was not passed on")
                return
            }
            // A read would be answered, with what nobody can invalidate.
            let asked = server.redis.commands.count
            for _ in 0..<10 {
                guard case .unavailable? = await RedisIncapacityTests.failure(client, RedisCommand("GET", "a")) else {
                    Issue.record("it was asked")
                    return
                }
            }
            #expect(server.redis.commands.dropFirst(asked).allSatisfy { $0[0] != "GET" })
            #expect(await !client.health().isUp)
            #expect(await client.statistics.isBreakerOpen)
            #expect(await client.statistics.failures >= 1)
            server.error = nil
            #expect(await client.health().isUp)
            #expect(await RedisIncapacityTests.failure(client, RedisCommand("GET", "a")) == nil)
            await client.shutdown()
        }
    }

    @Test func aReplicaIsLeftForANewConnectionAtOnce() async throws {
        try await withLoop { isolation in
            let server = try Server(loop: isolation.loop)
            defer { server.redis.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(address: server.redis.address))
            _ = await client.health()
            #expect(server.redis.connections == 1)
            server.error = "READONLY You can't write against a read only replica."
            _ = await RedisIncapacityTests.failure(client, RedisCommand("SET", "a", "b"))
            server.error = nil
            #expect(await client.health().isUp)
            #expect(server.redis.connections == 2)
            await client.shutdown()
        }
    }

    @Test func aClientThatNobodyAsksForItsHealthFindsOutByItself() async throws {
        try await withLoop { isolation in
            let server = try Server(loop: isolation.loop)
            defer { server.redis.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(address: server.redis.address))
            server.error = "MISCONF Redis is configured to save RDB snapshots"
            _ = await RedisIncapacityTests.failure(client, RedisCommand("SET", "a", "b"))
            server.error = nil
            let isBack = try await eventually(on: isolation.loop) {
                await RedisIncapacityTests.failure(client, RedisCommand("GET", "a")) == nil
            }
            #expect(isBack)
            await client.shutdown()
        }
    }

    /// One command may be forbidden that others do without; those that the probe tries may not.
    @Test func aForbiddenCommandCountsOnceTheProbeMeetsIt() async throws {
        try await withLoop { isolation in
            let server = try Server(loop: isolation.loop)
            defer { server.redis.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(address: server.redis.address))
            server.error = "NOPERM this user has no permissions to run the 'script' command"
            server.refused = ["SCRIPT"]
            #expect(await RedisIncapacityTests.failure(client, RedisCommand("SCRIPT", "LOAD", "x")) != nil)
            #expect(await client.health().isUp)
            #expect(await RedisIncapacityTests.failure(client, RedisCommand("GET", "a")) == nil)
            server.refused = ["DEL"]
            #expect(await !client.health().isUp)
            guard case .unavailable? = await RedisIncapacityTests.failure(client, RedisCommand("GET", "a")) else {
                Issue.record("it was asked")
                return
            }
            await client.shutdown()
        }
    }

    @Test func withoutMemoryItIsAskedForEverythingAndCountsAsIll() async throws {
        try await withLoop { isolation in
            let server = try Server(loop: isolation.loop)
            defer { server.redis.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(address: server.redis.address))
            server.error = "OOM command not allowed when used memory > 'maxmemory'."
            server.refused = ["SET", "EVAL"]
            for _ in 0..<5 { #expect(await RedisIncapacityTests.failure(client, RedisCommand("SET", "a", "b")) != nil) }
            #expect(await RedisIncapacityTests.failure(client, RedisCommand("DEL", "a")) == nil)
            #expect(await RedisIncapacityTests.failure(client, RedisCommand("GET", "a")) == nil)
            #expect(await !client.health().isUp)
            #expect(await client.statistics.failures >= 5)
            #expect(await !client.statistics.isBreakerOpen)
            await client.shutdown()
        }
    }
}
