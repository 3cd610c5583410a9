// A client that sends exactly the bytes it is told to, and shows exactly the bytes that came back.

public import Reactor

/// A connection of a test to a server, on the test's own loop. Loop-bound.
public final class RawClient: TCPConnectionDelegate {
    private let connection: TCPConnection
    private var bytes: [UInt8] = []
    public private(set) var isClosed = false
    /// The server has sent FIN, or the connection is gone.
    public private(set) var hasEnded = false
    /// What the connection ended with, where it did not end well.
    public private(set) var failure: TransportError?

    private init(_ connection: TCPConnection) {
        self.connection = connection
        connection.delegate = self
    }

    public static func connect(to address: SocketAddress, loop: EventLoop) async throws -> RawClient {
        let client = RawClient(try await TCPConnection.connect(to: address, loop: loop, timeout: .seconds(5)))
        client.connection.startReading()
        return client
    }

    /// Over TLS: what is sent and received is plaintext.
    public static func connect(
        to address: SocketAddress, loop: EventLoop, tls: TLSContext, serverName: String = "localhost"
    ) async throws -> RawClient {
        let client = RawClient(
            try await TCPConnection.connect(to: address, loop: loop, timeout: .seconds(5), tls: tls, serverName: serverName))
        client.connection.startReading()
        return client
    }

    public var tlsVersion: String? { connection.tlsVersion }

    public var received: String { String(decoding: bytes, as: UTF8.self) }
    public var receivedBytes: [UInt8] { bytes }

    public func send(_ text: String) {
        connection.outbound.append(text)
        connection.scheduleFlush()
    }

    public func send(_ bytes: [UInt8]) {
        connection.outbound.append(bytes)
        connection.scheduleFlush()
    }

    /// Forgets what was received so far.
    public func clear() { bytes = [] }

    public func stopReading() { connection.stopReading() }
    public func startReading() { connection.startReading() }
    public func finishSending() { connection.finishAfterFlush() }
    public func abort() { connection.abort() }
    public func reset() { connection.reset() }
    public var bytesUnsent: Int { connection.bytesUnsent }

    /// What was received once `condition` holds of it; throws what has come so far when it does not in time.
    @discardableResult
    public func receive(within limit: Duration = .seconds(5), until condition: (String) -> Bool) async throws -> String {
        if try await eventually(within: limit, on: connection.loop, { condition(received) }) { return received }
        throw Unexpected(received: received)
    }

    /// What was received until the server closed.
    @discardableResult
    public func receiveToEnd(within limit: Duration = .seconds(5)) async throws -> String {
        if try await eventually(within: limit, on: connection.loop, { hasEnded }) { return received }
        throw Unexpected(received: received)
    }

    public struct Unexpected: Error, CustomStringConvertible {
        public let received: String
        public var description: String { "the answer did not come in time; so far: \(received.debugDescription)" }
    }

    public func received(_ span: RawSpan) {
        span.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    public func receivedEOF() { hasEnded = true }

    public func closed(_ error: TransportError?) {
        isClosed = true
        hasEnded = true
        failure = error
    }

    public func outboundDrained() {}
}
