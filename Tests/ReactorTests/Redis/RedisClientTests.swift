// The client against a real socket whose other end does what the test says.

@testable import Reactor
import TestSupport
import Testing

extension RedisConfiguration {
    fileprivate init(_ server: ScriptedRedis) {
        self.init(address: server.address)
        // What is tested with it is not the deadline.
        commandTimeout = .seconds(5)
        connectTimeout = .seconds(5)
    }

    /// The deadlines of production, against servers that are away.
    fileprivate static func impatient(_ address: SocketAddress) -> RedisConfiguration {
        RedisConfiguration(address: address)
    }
}

extension RedisClient {
    fileprivate func failure(of command: RedisCommand) async -> RedisError? {
        do throws(RedisError) {
            _ = try await execute(command)
            return nil
        } catch {
            return error
        }
    }
}

@Suite struct RedisClientTests {
    @Test func greetsWithCredentialsDatabaseAndName() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis(loop: isolation.loop) { _ in "+OK\r\n" }
            defer { server.close() }
            var configuration = RedisConfiguration(server)
            configuration.username = "alice"
            configuration.password = "pw"
            configuration.database = 7
            let client = RedisClient(loop: isolation.loop, configuration: configuration)
            try await #expect(client.execute(RedisCommand("PING")) == .status("OK"))
            #expect(server.commands == [["AUTH", "alice", "pw"], ["SELECT", "7"], ["CLIENT", "SETNAME", "reactor"], ["PING"]])
            await client.shutdown()
        }
    }

    @Test func connectsOnceForCommandsThatComeTogether() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { "+\($0[1])\r\n" }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(server))
            let replies = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<50 {
                    group.addTask { try await client.execute(RedisCommand("ECHO", .integer(number))) == .status("\(number)") }
                }
                return try await group.reduce(into: [Bool]()) { $0.append($1) }
            }
            #expect(replies == [Bool](repeating: true, count: 50))
            #expect(server.connections == 1)
            await client.shutdown()
        }
    }

    @Test func commandsOfOneTickLeaveInOneWrite() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { _ in "+OK\r\n" }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(server))
            _ = try await client.execute(RedisCommand("PING"))
            let before = server.reads
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { _ = try await client.execute(RedisCommand("PING")) } }
                try await group.waitForAll()
            }
            #expect(server.reads == before + 1)
            await client.shutdown()
        }
    }

    @Test func batchKeepsErrorsInTheirPlaces() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { $0[0] == "BAD" ? "-ERR no\r\n" : ":1\r\n" }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(server))
            let replies = try await client.execute([RedisCommand("A"), RedisCommand("BAD"), RedisCommand("B")])
            #expect(replies == [.integer(1), .error(RedisServerError(code: "ERR", message: "no")), .integer(1)])
            await client.shutdown()
        }
    }

    @Test func errorRepliesAreThrownAndDoNotOpenTheBreaker() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { _ in "-ERR no\r\n" }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(server))
            for _ in 0..<10 {
                #expect(await client.failure(of: RedisCommand("X")) == .server(RedisServerError(code: "ERR", message: "no")))
            }
            #expect(await client.statistics.isBreakerOpen == false)
            await client.shutdown()
        }
    }

    @Test func silentServerCostsTheDeadlineUntilTheBreakerOpens() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.silent(loop: isolation.loop)
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: .impatient(server.address))
            let start = MonotonicInstant.now()
            for _ in 0..<3 { #expect(await client.failure(of: RedisCommand("PING")) == .timeout) }
            let waited = MonotonicInstant.now() - start
            #expect(waited >= .milliseconds(270) && waited < .seconds(2))
            let refusedFrom = MonotonicInstant.now()
            for _ in 0..<1_000 { #expect(await client.failure(of: RedisCommand("PING")) != nil) }
            #expect(MonotonicInstant.now() - refusedFrom < .milliseconds(500))
            let statistics = await client.statistics
            #expect(statistics.isBreakerOpen)
            #expect(statistics.timeouts == 3)
            #expect(statistics.refused == 1_000)
            await client.shutdown()
        }
    }

    @Test func serverThatFallsSilentFailsEverythingInFlightAtTheDeadline() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { $0[0] == "PING" ? "+PONG\r\n" : nil }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: .impatient(server.address))
            _ = try await client.execute(RedisCommand("PING"))
            let start = MonotonicInstant.now()
            let failures = await withTaskGroup(of: RedisError?.self) { group in
                for _ in 0..<10 { group.addTask { await client.failure(of: RedisCommand("GET", "k")) } }
                return await group.reduce(into: [RedisError?]()) { $0.append($1) }
            }
            #expect(failures == [RedisError?](repeating: .timeout, count: 10))
            let waited = MonotonicInstant.now() - start
            #expect(waited >= .milliseconds(90) && waited < .seconds(1))
            let statistics = await client.statistics
            #expect(!statistics.isConnected)
            #expect(statistics.isBreakerOpen)
            await client.shutdown()
        }
    }

    @Test func closedPortFailsAtOnce() async throws {
        try await withLoop { isolation in
            let address = try ScriptedRedis.closedPort(loop: isolation.loop)
            let client = RedisClient(loop: isolation.loop, configuration: .impatient(address))
            let start = MonotonicInstant.now()
            for _ in 0..<100 {
                guard case .unavailable? = await client.failure(of: RedisCommand("PING")) else {
                    Issue.record("not unavailable")
                    break
                }
            }
            #expect(MonotonicInstant.now() - start < .seconds(1))
            #expect(await client.health().isUp == false)
            await client.shutdown()
        }
    }

    @Test func hostileReplyFailsItsCommandsAndTheNextConnectionWorks() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { $0[0] == "EVIL" ? "*2147483647\r\n" : "+OK\r\n" }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(server))
            guard case .protocolViolation? = await client.failure(of: RedisCommand("EVIL")) else {
                Issue.record("not a protocol violation")
                return
            }
            try await #expect(client.execute(RedisCommand("PING")) == .status("OK"))
            #expect(server.connections == 2)
            await client.shutdown()
        }
    }

    @Test func replyThatNobodyAskedForClosesTheConnection() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { _ in "+OK\r\n" }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(server))
            _ = try await client.execute(RedisCommand("PING"))
            server.push("+SURPRISE\r\n")
            try await #expect(eventually(on: isolation.loop) { await client.statistics.isConnected == false })
            try await #expect(client.execute(RedisCommand("PING")) == .status("OK"))
            await client.shutdown()
        }
    }

    @Test func reconnectsAfterTheServerCutTheConnection() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { _ in "+OK\r\n" }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(server))
            for _ in 0..<5 {
                try await #expect(client.execute(RedisCommand("PING")) == .status("OK"))
                server.disconnect()
                try await #expect(eventually(on: isolation.loop) { await client.statistics.isConnected == false })
            }
            #expect(server.connections == 5)
            await client.shutdown()
        }
    }

    @Test func cutConnectionFailsWhatWasInFlight() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { $0[0] == "PING" ? "+PONG\r\n" : nil }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(server))
            _ = try await client.execute(RedisCommand("PING"))
            let command = Task(executorPreference: isolation.loop) { await client.failure(of: RedisCommand("GET", "k")) }
            try await #expect(eventually(on: isolation.loop) { server.commands.last == ["GET", "k"] })
            server.disconnect()
            guard case .connectionLost? = await command.value else {
                Issue.record("not reported as lost")
                return
            }
            await client.shutdown()
        }
    }

    @Test func probesAfterTheIntervalAndRecovers() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.silent(loop: isolation.loop)
            defer { server.close() }
            var configuration = RedisConfiguration.impatient(server.address)
            configuration.commandTimeout = .milliseconds(20)
            configuration.connectTimeout = .milliseconds(20)
            configuration.breakerInterval = .milliseconds(50)
            let client = RedisClient(loop: isolation.loop, configuration: configuration)
            for _ in 0..<3 { _ = await client.failure(of: RedisCommand("PING")) }
            server.script = { _ in "+OK\r\n" }
            try await #expect(eventually(on: isolation.loop) { await client.failure(of: RedisCommand("PING")) == nil })
            #expect(await client.statistics.isBreakerOpen == false)
            await client.shutdown()
        }
    }

    @Test func turnedAwayAtTheGreetingIsUnavailable() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis(loop: isolation.loop) { _ in "-NOAUTH Authentication required.\r\n" }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(server))
            guard case .unavailable(let reason)? = await client.failure(of: RedisCommand("PING")) else {
                Issue.record("not unavailable")
                return
            }
            #expect(reason.contains("NOAUTH"))
            await client.shutdown()
        }
    }

    @Test func cancelledCommandLeavesItsNeighboursAlone() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { $0[0] == "PING" ? "+PONG\r\n" : nil }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(server))
            _ = try await client.execute(RedisCommand("PING"))
            let first = Task(executorPreference: isolation.loop) { await client.failure(of: RedisCommand("GET", "a")) }
            let second = Task(executorPreference: isolation.loop) { try await client.execute(RedisCommand("GET", "b")) }
            try await #expect(eventually(on: isolation.loop) { server.commands.count == 4 })
            first.cancel()
            #expect(await first.value == .cancelled)
            server.push("$1\r\na\r\n$1\r\nb\r\n")
            try await #expect(second.value == .bytes([UInt8(ascii: "b")]))
            await client.shutdown()
        }
    }

    @Test func scriptGoesByDigestAndBySourceWhereTheServerLostIt() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { words in
                words[0] == "SCRIPT" ? "$3\r\nabc\r\n" : ":\(words.count)\r\n"
            }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(server))
            let script = RedisScript(name: "s", source: "return 1")
            try await #expect(client.eval(script, keys: ["k"], arguments: [.integer(9)]) == .integer(5))
            #expect(server.commands.dropFirst() == [["SCRIPT", "LOAD", "return 1"], ["EVAL", "return 1", "1", "k", "9"]])
            try await #expect(client.eval(script, keys: ["k"], arguments: [.integer(9)]) == .integer(5))
            #expect(server.commands.last == ["EVALSHA", "abc", "1", "k", "9"])
            server.script = { words in
                switch words[0] {
                case "EVALSHA": "-NOSCRIPT No matching script.\r\n"
                case "SCRIPT": "$3\r\nabc\r\n"
                default: "+again\r\n"
                }
            }
            try await #expect(client.eval(script, keys: ["k"], arguments: []) == .status("again"))
            await client.shutdown()
        }
    }

    @Test func refusesMoreThanMayBeInFlight() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { _ in "+OK\r\n" }
            defer { server.close() }
            var configuration = RedisConfiguration(server)
            configuration.maxCommandsInFlight = 4
            let client = RedisClient(loop: isolation.loop, configuration: configuration)
            _ = try await client.execute([RedisCommand](repeating: RedisCommand("PING"), count: 4))
            do throws(RedisError) {
                _ = try await client.execute([RedisCommand](repeating: RedisCommand("PING"), count: 5))
                Issue.record("five were accepted")
            } catch {
                #expect(error == .overloaded)
            }
            await client.shutdown()
        }
    }

    @Test func failsAtOnceAfterShutdown() async throws {
        try await withLoop { isolation in
            let server = try ScriptedRedis.greeting(loop: isolation.loop) { _ in "+OK\r\n" }
            defer { server.close() }
            let client = RedisClient(loop: isolation.loop, configuration: RedisConfiguration(server))
            _ = try await client.execute(RedisCommand("PING"))
            await client.shutdown()
            await client.shutdown()
            #expect(await client.failure(of: RedisCommand("PING")) == .closed)
        }
    }
}

@Suite(.enabled(if: TestRedis.isAvailable)) struct RedisClientLiveTests {
    @Test func storesAndReadsBinary() async throws {
        try await withLoop { isolation in
            let client = RedisClient(loop: isolation.loop, configuration: try TestRedis.configuration())
            let key = TestRedis.uniquePrefix() + "binary"
            let bytes: [UInt8] = Array(0...255)
            try await #expect(client.execute(RedisCommand("SET", .text(key), .bytes(bytes), "PX", "60000")) == .status("OK"))
            try await #expect(client.execute(RedisCommand("GET", .text(key))) == .bytes(bytes))
            try await #expect(client.execute(RedisCommand("GET", .text(key + "x"))) == .null)
            #expect(await client.health().isUp)
            await client.shutdown()
        }
    }

    @Test func evaluatesScriptsByDigest() async throws {
        try await withLoop { isolation in
            let client = RedisClient(loop: isolation.loop, configuration: try TestRedis.configuration())
            let script = RedisScript(name: "add", source: "return tonumber(ARGV[1]) + tonumber(ARGV[2])")
            for _ in 0..<3 { try await #expect(client.eval(script, keys: [], arguments: ["2", .integer(3)]) == .integer(5)) }
            await client.shutdown()
        }
    }
}
