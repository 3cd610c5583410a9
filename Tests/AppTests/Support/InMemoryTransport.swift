// Requests straight to an application: the same bytes as over a socket go through the head parser and then, without a connection,
// to the responder. Loop-bound.

@testable import App
@testable import Reactor
import TestSupport

/// The way past the sockets.
struct InMemoryTransport: HTTPTestTransport {
    let application: any HTTPResponder
    let loop: EventLoop

    func send(
        _ method: String, _ target: String, _ fields: [(name: String, value: String)], _ body: [UInt8]?
    ) async throws -> HTTPTestResponse {
        let bytes = HTTPTestClient.serialize(method, target, fields, body, host: "test")
        var parser = HTTPHeadParser()
        guard let headLength = try parser.parse(bytes.span.bytes) else { throw HTTPTestClient.NoAnswer(description: "no whole head") }
        let address = SocketAddress.ip(host: "127.0.0.1", port: 40_000)
        let request = HTTPRequest(loop: loop, remoteAddress: address)
        request.take(&parser.head, bytes.span.bytes.extracting(first: headLength), remoteAddress: address)
        if let body, !body.isEmpty {
            request.body.feed(body.span.bytes)
            request.body.finish()
        }
        let response = await application.respond(to: request)
        var sent: [(name: String, value: String)] = []
        for field in response.headers { sent.append((field.name, field.value)) }
        return HTTPTestResponse(
            status: response.status.code, fields: sent, body: method == "HEAD" ? [] : try await collected(response.body))
    }

    private func collected(_ body: HTTPResponseBody) async throws -> [UInt8] {
        switch body {
        case .empty: return []
        case .bytes(let bytes): return bytes
        case .stream(_, let produce):
            let collector = Collector()
            try await produce(collector)
            return collector.bytes
        }
    }

    private final class Collector: HTTPBodyWriter {
        var bytes: [UInt8] = []
        func write(_ more: [UInt8]) async throws { bytes.append(contentsOf: more) }
    }
}
