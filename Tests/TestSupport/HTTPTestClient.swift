// A small HTTP/1.1 client over the project's own sockets. Loop-bound: used on the loop that it was made for.

public import Reactor

/// Sends one request after another over a connection that it keeps for as long as the server does.
public final class HTTPTestClient: HTTPTestTransport {
    private let address: SocketAddress
    private let loop: EventLoop
    private var link: Link?

    /// How long an answer may take.
    public var patience: Duration = .seconds(20)

    public init(address: SocketAddress, loop: EventLoop) {
        self.address = address
        self.loop = loop
    }

    public struct NoAnswer: Error, CustomStringConvertible {
        public let description: String

        public init(description: String) {
            self.description = description
        }
    }

    public func send(
        _ method: String, _ target: String, _ fields: [(name: String, value: String)], _ body: [UInt8]?
    ) async throws -> HTTPTestResponse {
        let link = try await openLink()
        link.send(HTTPTestClient.serialize(method, target, fields, body, host: address.description))
        let response = try await link.response(isHead: method == "HEAD", within: patience)
        if response.header("connection")?.lowercased() == "close" { close() }
        return response
    }

    public func close() {
        link?.close()
        link = nil
    }

    /// A request as it goes over the wire.
    public static func serialize(
        _ method: String, _ target: String, _ fields: [(name: String, value: String)], _ body: [UInt8]?, host: String
    ) -> [UInt8] {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n"
        for field in fields { head += "\(field.name): \(field.value)\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        return Array("\(head)\r\n".utf8) + (body ?? [])
    }

    private func openLink() async throws -> Link {
        // The server may have closed a kept connection; a FIN that is here already is seen.
        if let link, !link.hasEnded { return link }
        let made = Link(try await TCPConnection.connect(to: address, loop: loop, timeout: .seconds(5)), loop: loop)
        link = made
        return made
    }
}

/// One connection and what came over it.
private final class Link: TCPConnectionDelegate {
    private let connection: TCPConnection
    private let loop: EventLoop
    private var reader = HTTPResponseReader()
    private var arrival: LoopPromise<Void>?
    private(set) var hasEnded = false

    init(_ connection: TCPConnection, loop: EventLoop) {
        self.connection = connection
        self.loop = loop
        connection.delegate = self
        connection.startReading()
    }

    func send(_ bytes: [UInt8]) {
        connection.outbound.append(bytes)
        connection.scheduleFlush()
    }

    func close() { connection.abort() }

    func response(isHead: Bool, within limit: Duration) async throws -> HTTPTestResponse {
        let timer = LoopTimer(loop: loop)
        var isLate = false
        timer.start(after: limit) { [unowned self] in
            isLate = true
            arrival?.succeed(())
        }
        defer { timer.stop() }
        while true {
            if let response = try reader.next(isHead: isHead, isEnded: hasEnded) { return response }
            guard !hasEnded else { throw HTTPTestClient.NoAnswer(description: "the server closed the connection without an answer") }
            guard !isLate else { throw HTTPTestClient.NoAnswer(description: "no answer within \(limit)") }
            let promise = LoopPromise<Void>(loop: loop)
            arrival = promise
            try await promise.wait()
            arrival = nil
        }
    }

    func received(_ span: RawSpan) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(span.byteCount)
        for index in 0..<span.byteCount { bytes.append(span.unsafeLoad(fromByteOffset: index, as: UInt8.self)) }
        reader.append(bytes)
        arrival?.succeed(())
    }

    func receivedEOF() { end() }
    func closed(_ error: TransportError?) { end() }
    func outboundDrained() {}

    private func end() {
        hasEnded = true
        arrival?.succeed(())
    }
}
