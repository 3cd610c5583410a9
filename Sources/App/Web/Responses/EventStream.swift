// Server-sent events (WHATWG HTML, 9.2): a response that lasts as long as somebody listens. Loop-bound.

import Reactor

/// Takes events for one listener.
struct EventWriter {
    fileprivate let body: any HTTPBodyWriter

    /// Sends an event; suspends while the listener is far behind.
    /// - Parameters:
    ///   - name: what the listener subscribes to; nil is `message`.
    ///   - id: what a listener that comes back says it has seen last (`Last-Event-ID`). Without line breaks.
    ///   - data: text; JSON as a rule.
    /// - Throws: when nobody listens any more.
    func send(_ name: String? = nil, id: String? = nil, _ data: [UInt8]) async throws {
        try await body.write(EventWriter.encode(name, id: id, data))
    }

    /// Says when a listener that was cut off should come back.
    func suggestRetry(after delay: Duration) async throws {
        try await body.write(Array("retry: \(delay.ceilingMilliseconds)\n\n".utf8))
    }

    /// A sign of life that is no event: proxies cut connections that are silent.
    func beat() async throws {
        try await body.write(Array(":\n\n".utf8))
    }

    static func encode(_ name: String?, id: String? = nil, _ data: [UInt8]) -> [UInt8] {
        var event: [UInt8] = []
        event.reserveCapacity(data.count + 32)
        if let id { event.append(contentsOf: "id: \(id)\n".utf8) }
        if let name { event.append(contentsOf: "event: \(name)\n".utf8) }
        // A line break inside would end the field.
        for line in data.split(omittingEmptySubsequences: false, whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            event.append(contentsOf: "data: ".utf8)
            event.append(contentsOf: line)
            event.append(UInt8(ascii: "\n"))
        }
        event.append(UInt8(ascii: "\n"))
        return event
    }
}

extension HTTPResponse {
    /// - Parameter produce: runs until it returns, the listener leaves or the server stops; it is cancelled then.
    static func events(_ produce: @escaping @Sendable (EventWriter) async throws -> Void) -> HTTPResponse {
        var headers = HTTPHeaders()
        headers.append("Content-Type", "text/event-stream")
        headers.append("Cache-Control", "no-store")
        // nginx would gather events until its buffer is full.
        headers.append("X-Accel-Buffering", "no")
        var response = HTTPResponse(
            status: .ok, headers: headers, body: .stream(length: nil) { body in try await produce(EventWriter(body: body)) })
        response.endsWithClient = true
        return response
    }
}
