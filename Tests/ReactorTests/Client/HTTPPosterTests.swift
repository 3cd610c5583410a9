// POST through libcurl, to a server of ours.

import Reactor
import Synchronization
import TestSupport
import Testing

private final class Receiver: HTTPResponder {
    let status: HTTPStatus
    let delay: Duration
    private let bodies = Mutex<[[UInt8]]>([])

    init(status: HTTPStatus = .ok, delay: Duration = .zero) {
        self.status = status
        self.delay = delay
    }

    var received: [[UInt8]] { bodies.withLock { $0 } }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        let isMarked = request.method == .post && request.path == "/in" && request.header("x-key") == "value"
        let body = (try? await request.body.collect(upTo: 8 << 20)) ?? []
        if isMarked { bodies.withLock { $0.append(body) } }
        if delay > .zero { try? await request.loop.sleep(for: delay) }
        return HTTPResponse(status: status, body: .bytes(Array("answer".utf8)))
    }
}

@Suite struct HTTPPosterTests {
    private static func run(
        _ receiver: Receiver, _ body: @escaping @Sendable (HTTPPoster, EventLoop, HTTPServer) async throws -> Void
    ) async throws {
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let server = try await HTTPServer.start(
                on: group, HTTPServerConfiguration(address: .ip(host: "127.0.0.1", port: 0))
            ) { _ in receiver }
            let poster = HTTPPoster(url: "http://\(server.address)/in", headers: [("X-Key", "value")])
            let loop = group.loops[0]
            let result = await Task(executorPreference: loop) { try await body(poster, loop, server) }.result
            await server.drain(within: .milliseconds(100))
            try result.get()
        }
    }

    @Test func bodiesArriveOverOneConnection() async throws {
        let receiver = Receiver()
        let large = [UInt8](repeating: 7, count: 2_000_000)
        try await Self.run(receiver) { poster, loop, server in
            try await poster.post([], timeout: .seconds(5), on: loop)
            try await poster.post(Array("one".utf8), timeout: .seconds(5), on: loop)
            try await poster.post(large, timeout: .seconds(5), on: loop)
            #expect(await server.statistics().connectionsAccepted == 1)
        }
        #expect(receiver.received == [[], Array("one".utf8), large])
    }

    @Test func anotherStatusThan2xxIsAnError() async throws {
        try await Self.run(Receiver(status: .tooManyRequests)) { poster, loop, _ in
            let error = await #expect(throws: HTTPPostError.self) { try await poster.post([1], timeout: .seconds(5), on: loop) }
            #expect(error?.description == "status 429")
        }
    }

    @Test func whoeverDoesNotAnswerIsGivenUpInTime() async throws {
        try await Self.run(Receiver(delay: .seconds(60))) { poster, loop, _ in
            let began = MonotonicInstant.now()
            await #expect(throws: HTTPPostError.self) { try await poster.post([1], timeout: .milliseconds(100), on: loop) }
            #expect(MonotonicInstant.now() - began < .seconds(10))
        }
    }
}
