// The pool where no PostgreSQL answers: nobody listens, or somebody listens and says nothing.

import Actors
import Reactor
import TestSupport
import Testing

@Suite struct PostgresAwayTests {
    @Test func aServerThatIsNotThereIsReportedAtOnce() async throws {
        try await withLoop { isolation in
            var configuration = try DatabaseConfiguration(url: "postgres://u@127.0.0.1:1/db")
            configuration.firstReconnectDelay = .seconds(60)
            configuration.longestReconnectDelay = .seconds(60)
            let pool = DatabasePool(loop: isolation.loop, configuration: configuration)
            for _ in 0..<3 {
                let begin = MonotonicInstant.now()
                await expectUnavailable { _ = try await pool.execute(.read("SELECT 1"), []) }
                await expectUnavailable { try await pool.withTransaction { _ in } }
                await expectUnavailable { try await pool.script("SELECT 1") }
                #expect(MonotonicInstant.now() - begin < .seconds(1))
            }
            #expect(await !pool.health().isUp)
            #expect(await pool.statistics.connectFailures == 1)
            await pool.shutdown()
        }
    }

    @Test func aNameThatNobodyKnowsIsReported() async throws {
        try await withLoop { isolation in
            let configuration = try DatabaseConfiguration(url: "postgres://u@database.invalid/db")
            let pool = DatabasePool(loop: isolation.loop, configuration: configuration)
            let begin = MonotonicInstant.now()
            await #expect(throws: DatabaseError.self) { _ = try await pool.execute(.read("SELECT 1"), []) }
            #expect(MonotonicInstant.now() - begin < .seconds(3))
            await pool.shutdown()
        }
    }

    @Test func aServerThatAcceptsAndSaysNothingCostsNoMoreThanThePoolWait() async throws {
        try await withLoop { isolation in
            var held: [TCPConnection] = []
            let listener = try TCPListener(.ip(host: "127.0.0.1", port: 0), loop: isolation.loop) { held.append($0) }
            var configuration = try DatabaseConfiguration(url: "postgres://u@\(listener.address)/db")
            configuration.poolWait = .milliseconds(200)
            configuration.connectTimeout = .milliseconds(600)
            let pool = DatabasePool(loop: isolation.loop, configuration: configuration)
            let begin = MonotonicInstant.now()
            let error = await #expect(throws: DatabaseError.self) {
                _ = try await pool.execute(.read("SELECT 1"), [])
            }
            guard case .timeout? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(MonotonicInstant.now() - begin < .milliseconds(500))
            try await #expect(eventually(on: isolation.loop) { await pool.statistics.connectFailures > 0 })
            await pool.shutdown()
            for connection in held { connection.abort() }
            listener.close()
        }
    }

    @Test func shuttingDownDoesNotWaitForAnAttemptToConnect() async throws {
        try await withLoop { isolation in
            var held: [TCPConnection] = []
            let listener = try TCPListener(.ip(host: "127.0.0.1", port: 0), loop: isolation.loop) { held.append($0) }
            let configuration = try DatabaseConfiguration(url: "postgres://u@\(listener.address)/db")
            let pool = DatabasePool(loop: isolation.loop, configuration: configuration)
            await pool.start()
            let begin = MonotonicInstant.now()
            await pool.shutdown()
            #expect(MonotonicInstant.now() - begin < .seconds(1))
            for connection in held { connection.abort() }
            listener.close()
        }
    }

    private func expectUnavailable(_ body: () async throws -> Void) async {
        let error = await #expect(throws: DatabaseError.self) { try await body() }
        guard case .unavailable? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
