// Whose task answers: a connection has one while it has something to answer, and a cancelled one serves nobody else.

import Reactor
import TestSupport
import Testing

@Suite struct HTTPWorkerTests {
    private struct Responder: HTTPResponder {
        let body: @Sendable (HTTPRequest) async -> HTTPResponse

        func respond(to request: HTTPRequest) async -> HTTPResponse { await body(request) }
    }

    private func withServer(
        _ handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse,
        _ test: @escaping @Sendable (isolated LoopActor, SocketAddress) async throws -> Void
    ) async throws {
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let configuration = HTTPServerConfiguration(address: .ip(host: "127.0.0.1", port: 0))
            let server = try await HTTPServer.start(on: group, configuration) { _ in Responder(body: handler) }
            let isolation = group.loops[0].isolation
            let result = await Task(executorPreference: group.loops[0]) {
                try await isolation.run { isolation in try await test(isolation, server.address) }
            }.result
            await server.drain(within: .milliseconds(100))
            try result.get()
        }
    }

    private static func text(_ text: String) -> HTTPResponse {
        HTTPResponse(status: .ok, body: .bytes(Array("<\(text)>".utf8)))
    }

    private static func ask(_ client: RawClient) async throws -> String {
        client.clear()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        return try await client.receive { $0.hasSuffix(">") }
    }

    /// Tells which task runs it.
    private static func taskName() -> String {
        withUnsafeCurrentTask { $0.map { "\($0.hashValue)" } ?? "none" }
    }

    @Test func connectionsThatTakeTurnsShareOneTask() async throws {
        let tasks = Lock<Set<String>>([])
        try await withServer({ _ in
            tasks.withLock { _ = $0.insert(HTTPWorkerTests.taskName()) }
            return HTTPWorkerTests.text("answer")
        }) { isolation, address in
            var clients: [RawClient] = []
            for _ in 0..<20 {
                let client = try await RawClient.connect(to: address, loop: isolation.loop)
                _ = try await HTTPWorkerTests.ask(client)
                clients.append(client)
            }
            // All of them are open and idle: each is served again, by the same task.
            for client in clients {
                _ = try await HTTPWorkerTests.ask(client)
            }
            #expect(tasks.withLock { $0.count } == 1)
            for client in clients { client.abort() }
        }
    }

    @Test func connectionsThatWaitAtTheSameTimeHaveATaskEach() async throws {
        let tasks = Lock<Set<String>>([])
        let isReleased = Flag()
        try await withServer({ request in
            tasks.withLock { _ = $0.insert(HTTPWorkerTests.taskName()) }
            _ = try? await eventually(on: request.loop) { isReleased.isRaised }
            return HTTPWorkerTests.text("answer")
        }) { isolation, address in
            var clients: [RawClient] = []
            for _ in 0..<8 {
                let client = try await RawClient.connect(to: address, loop: isolation.loop)
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                clients.append(client)
            }
            let haveAllBegun = try await eventually(on: isolation.loop) { tasks.withLock { $0.count } == 8 }
            #expect(haveAllBegun)
            isReleased.raise()
            for client in clients {
                try await client.receive { $0.hasSuffix("<answer>") }
                client.abort()
            }
        }
    }

    @Test func aCancelledTaskServesNobodyElse() async throws {
        let hasBegun = Flag()
        let wasCancelled = Flag()
        try await withServer({ request in
            if hasBegun.isRaised { return HTTPWorkerTests.text(Task.isCancelled ? "cancelled" : "free") }
            hasBegun.raise()
            do { try await request.loop.sleep(for: .seconds(60)) } catch { wasCancelled.raise() }
            return HTTPWorkerTests.text("nobody hears this")
        }) { isolation, address in
            let leaving = try await RawClient.connect(to: address, loop: isolation.loop)
            leaving.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let isRunning = try await eventually(on: isolation.loop) { hasBegun.isRaised }
            #expect(isRunning)
            leaving.abort()
            let isCancelled = try await eventually(on: isolation.loop) { wasCancelled.isRaised }
            #expect(isCancelled)
            let next = try await RawClient.connect(to: address, loop: isolation.loop)
            for _ in 0..<3 {
                let answer = try await HTTPWorkerTests.ask(next)
                #expect(answer.hasSuffix("<free>"))
            }
            next.abort()
        }
    }
}
