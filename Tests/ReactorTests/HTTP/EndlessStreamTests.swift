// Answers without an end of their own: they last as long as somebody listens, and no longer.

import Reactor
import TestSupport
import Testing

private struct Responder: HTTPResponder {
    let endings: Tally

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        let endings = self.endings
        let loop = request.loop
        var response = HTTPResponse(
            status: .ok,
            body: .stream(length: nil) { writer in
                do {
                    try await writer.write(Array("first".utf8))
                    try await loop.sleep(for: .seconds(60))
                } catch {
                    endings.raise()
                    throw error
                }
            })
        response.endsWithClient = true
        return response
    }
}

@Suite struct EndlessStreamTests {
    private static let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    private static func run(_ body: @escaping @Sendable (isolated LoopActor, HTTPServer, Tally) async throws -> Void) async throws {
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let endings = Tally()
            let server = try await HTTPServer.start(
                on: group, HTTPServerConfiguration(address: .ip(host: "127.0.0.1", port: 0))
            ) { _ in Responder(endings: endings) }
            let isolation = group.loops[0].isolation
            let result = await Task(executorPreference: group.loops[0]) {
                try await isolation.run { isolation in try await body(isolation, server, endings) }
            }.result
            await server.drain(within: .milliseconds(100))
            try result.get()
        }
    }

    @Test func aClientThatHasFinishedSendingEndsIt() async throws {
        try await Self.run { isolation, server, endings in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send(Self.request)
            try await client.receive { $0.contains("first") }
            client.finishSending()
            let isEnded = try await eventually(within: .seconds(1), on: isolation.loop) { endings.count == 1 }
            #expect(isEnded)
            let answer = try await client.receiveToEnd()
            #expect(answer.hasSuffix("5\r\nfirst\r\n0\r\n\r\n"))
            client.abort()
        }
    }

    @Test func aClientThatHadFinishedBeforeGetsWhatThereIs() async throws {
        try await Self.run { isolation, server, endings in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send(Self.request)
            client.finishSending()
            let answer = try await client.receiveToEnd()
            #expect(answer.contains("200 OK"))
            let isEmpty = try await eventually(on: isolation.loop) { await server.statistics().connectionsOpen == 0 }
            #expect(isEmpty)
            client.abort()
        }
    }

    @Test func aServerThatStopsEndsItAtOnceAndWhole() async throws {
        try await Self.run { isolation, server, endings in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send(Self.request)
            try await client.receive { $0.contains("first") }
            let began = MonotonicInstant.now()
            await server.drain(within: .seconds(30))
            #expect(MonotonicInstant.now() - began < .seconds(5))
            let answer = try await client.receiveToEnd()
            #expect(answer.hasSuffix("5\r\nfirst\r\n0\r\n\r\n"))
            #expect(endings.count == 1)
            client.abort()
        }
    }
}
