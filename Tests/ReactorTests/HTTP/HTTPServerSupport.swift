// A server for a test, and the test's client on the same loop.

import Reactor
import TestSupport

/// Answers with whatever the test's closure says.
struct ClosureResponder: HTTPResponder {
    let body: @Sendable (HTTPRequest) async -> HTTPResponse

    func respond(to request: HTTPRequest) async -> HTTPResponse { await body(request) }
}

func text(_ text: String, _ status: HTTPStatus = .ok) -> HTTPResponse {
    HTTPResponse(status: status, body: .bytes(Array(text.utf8)))
}

/// Runs a server with one handler, and the test's client on the same loop.
func withServer(
    limits: HTTPLimits = HTTPLimits(), maxConnections: Int = 100, address: SocketAddress = .ip(host: "127.0.0.1", port: 0),
    _ handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse,
    _ test: @escaping @Sendable (isolated LoopActor, HTTPServer) async throws -> Void
) async throws {
    try await EventLoopGroup.withGroup(loops: 1) { group in
        let configuration = HTTPServerConfiguration(address: address, limits: limits, maxConnections: maxConnections)
        let server = try await HTTPServer.start(on: group, configuration) { _ in ClosureResponder(body: handler) }
        let isolation = group.loops[0].isolation
        let result = await Task(executorPreference: group.loops[0]) {
            try await isolation.run { isolation in try await test(isolation, server) }
        }.result
        await server.drain(within: .milliseconds(100))
        try result.get()
    }
}
