// From a response to bytes in the transport's buffer, and what becomes of the connection afterwards. Runs in the
// connection's worker, on its loop.

extension HTTPConnection {
    /// How far an answer has come.
    enum AnswerProgress {
        /// All of it is in the transport's buffer, or there will be none.
        case complete(staysOpen: Bool)
        /// More is unsent than should be: the client is waited for.
        case blocked(staysOpen: Bool)
        /// The body is yet to be produced.
        case unwritten(staysOpen: Bool)
    }

    /// Writes `response`, if that takes no waiting. Most answers end here, and a call that cannot suspend is half the price.
    func answer(_ request: HTTPRequest, with response: HTTPResponse) -> AnswerProgress {
        guard !isClosed, !isAbandoned else { return .complete(staysOpen: false) }
        if request.body.failure == .timeout {
            refuse(.requestTimeout, code: "REQUEST_TIMEOUT")
            return .complete(staysOpen: false)
        }
        if request.body.failure == .malformed, case .refused(let refused) = intake {
            server.statistics.malformedRequests += 1
            refuse(refused.error.status, code: refused.error.code)
            return .complete(staysOpen: false)
        }
        let staysOpen = canStayOpen(after: request)
        isAnswering = true
        request.isAnswered = true
        request.body.discard()
        switch response.body {
        case .empty:
            writeHead(response, length: 0, for: request, staysOpen: staysOpen)
        case .bytes(let bytes) where bytes.count > TCPConnection.highWaterMark:
            return .unwritten(staysOpen: staysOpen)
        case .bytes(let bytes):
            writeHead(response, length: bytes.count, for: request, staysOpen: staysOpen)
            if request.method != .head, response.status.allowsBody { transport.outbound.append(bytes) }
        case .stream:
            return .unwritten(staysOpen: staysOpen)
        }
        transport.scheduleFlush()
        if transport.bytesUnsent > TCPConnection.highWaterMark { return .blocked(staysOpen: staysOpen) }
        return .complete(staysOpen: endIfAsked(staysOpen))
    }

    /// Of a large body, what is copied to the transport at once.
    private static let sliceBytes = 65_536

    /// Does what is left to do of an answer; returns whether the connection can serve another request.
    func complete(_ progress: AnswerProgress, of request: HTTPRequest, with response: HTTPResponse) async -> Bool {
        switch (progress, response.body) {
        case (.complete(let staysOpen), _):
            return staysOpen
        case (.unwritten(let staysOpen), .stream(let length, let produce)):
            return await stream(response, length: length, produce, for: request, staysOpen: staysOpen)
        case (.unwritten(let staysOpen), .bytes(let bytes)):
            // As fast as the client takes it: a copy of megabytes would hold the loop, and lie there for a client that does not read.
            return await stream(
                response, length: bytes.count,
                { writer in
                    for start in stride(from: 0, to: bytes.count, by: HTTPConnection.sliceBytes) {
                        try await writer.write(Array(bytes[start..<min(bytes.count, start + HTTPConnection.sliceBytes)]))
                    }
                }, for: request, staysOpen: staysOpen)
        case (.blocked(let staysOpen), _), (.unwritten(let staysOpen), _):
            await waitUntilDrained()
            return endIfAsked(staysOpen)
        }
    }

    private func stream(
        _ response: HTTPResponse, length: Int?, _ produce: @Sendable (any HTTPBodyWriter) async throws -> Void,
        for request: HTTPRequest, staysOpen: Bool
    ) async -> Bool {
        let isChunked = length == nil && request.isHTTP11
        // HTTP/1.0 knows no chunks: the end of the connection is the end of the body.
        let staysOpen = staysOpen && (isChunked || length != nil)
        writeHead(response, length: length, for: request, staysOpen: staysOpen)
        transport.scheduleFlush()
        guard request.method != .head, response.status.allowsBody else { return endIfAsked(staysOpen) }
        let writer = HTTPConnectionBodyWriter(connection: self, remaining: length, isChunked: isChunked)
        if response.endsWithClient { return await streamEndlessly(to: writer, produce) }
        do {
            try await produce(writer)
            try writer.finish()
        } catch {
            // The head is gone with a promise that cannot be kept. A reset is the one way to say so: to a body that ends with its
            // connection an orderly close would be a complete answer.
            transport.reset()
            return false
        }
        return endIfAsked(staysOpen)
    }

    /// However it ends, what was sent is all there was. The task may have been cancelled, so the connection ends too.
    private func streamEndlessly(
        to writer: HTTPConnectionBodyWriter, _ produce: @Sendable (any HTTPBodyWriter) async throws -> Void
    ) async -> Bool {
        isEndless = true
        if case .ended = intake { cancelHandler() }
        try? await produce(writer)
        isEndless = false
        guard !isClosed else { return false }
        try? writer.finish()
        return endIfAsked(false)
    }

    private func writeHead(_ response: HTTPResponse, length: Int?, for request: HTTPRequest, staysOpen: Bool) {
        HTTPSerializer.appendHead(
            of: response, bodyLength: length, isHTTP11: request.isHTTP11,
            connection: staysOpen ? (request.isHTTP11 ? .implicit : .keepAlive) : .close,
            date: server.dateField, to: &transport.outbound)
    }

    private func canStayOpen(after request: HTTPRequest) -> Bool {
        guard request.isKeepAlive, !server.isDraining, requestsServed < server.limits.maxRequestsPerConnection else { return false }
        // A body that filled its buffer and was not read has stopped the reading.
        readOn()
        guard isArriving(request) else { return true }
        // A body that nobody read: reading past it is cheaper than a new connection while little is left, but a client that
        // was never told to continue must not be left guessing.
        guard let length = request.body.declaredLength, !request.expectsContinue || request.isContinueSent else { return false }
        return length - bodyBytes <= server.limits.maxDiscardedBytes
    }

    private func endIfAsked(_ staysOpen: Bool) -> Bool {
        guard !staysOpen, !isClosed else { return staysOpen && !isClosed }
        linger()
        return false
    }

    /// Suspends while the client takes what is unsent. Returns at once when the connection is gone.
    func waitUntilDrained() async {
        guard !isClosed, transport.bytesUnsent > TCPConnection.highWaterMark else { return }
        await unsafe withUnsafeContinuation { unsafe blockedWriter = $0 }
    }
}

/// Writes a streamed body, in chunks or up to the announced length.
final class HTTPConnectionBodyWriter: HTTPBodyWriter {
    private let connection: HTTPConnection
    private var remaining: Int?
    private let isChunked: Bool

    init(connection: HTTPConnection, remaining: Int?, isChunked: Bool) {
        self.connection = connection
        self.remaining = remaining
        self.isChunked = isChunked
    }

    func write(_ bytes: [UInt8]) async throws {
        guard !connection.isClosed, !connection.isAbandoned else { throw HTTPBodyError.clientGone }
        // An empty chunk would end the body (RFC 9112 7.1).
        guard !bytes.isEmpty else { return }
        if let remaining {
            guard bytes.count <= remaining else { throw HTTPBodyError.malformed }
            self.remaining = remaining - bytes.count
        }
        if isChunked {
            unsafe HTTPSerializer.appendChunk(bytes.span.bytes, to: &connection.transport.outbound)
        } else {
            connection.transport.outbound.append(bytes)
        }
        connection.transport.scheduleFlush()
        await connection.waitUntilDrained()
        guard !connection.isClosed else { throw HTTPBodyError.clientGone }
    }

    fileprivate func finish() throws {
        if let remaining, remaining > 0 { throw HTTPBodyError.malformed }
        if isChunked { HTTPSerializer.appendLastChunk(to: &connection.transport.outbound) }
        connection.transport.scheduleFlush()
    }
}
