// How a connection ends so that its client reads the last response: the response, FIN, and then what the client still sends is
// read and thrown away. To close over unread bytes makes the kernel send a reset, after which a proxy that is still writing
// sees only the failed write, reports the server as down, and never reads the response. Loop-bound.

extension HTTPConnection {
    /// What has been refused before any handler saw it. An object, because an idle connection has no room for it.
    final class RefusedHead {
        let error: HTTPParseError
        let bytes: [UInt8]

        init(_ error: HTTPParseError, bytes: [UInt8]) {
            self.error = error
            self.bytes = bytes
        }
    }

    /// Responds in the responder's words and closes: for what was refused before, or instead of, a handler.
    /// - Parameters:
    ///   - code: stable, for programs.
    ///   - head: what has arrived of a head that could not be parsed.
    func refuse(_ status: HTTPStatus, code: String, head: [UInt8] = [], retryAfter: Bool = false) {
        guard !isClosed else { return }
        var response = server.responder.refusal(HTTPRefusal(status, code: code, request: current, head: head))
        if retryAfter { response.headers.set("Retry-After", "1") }
        let body: [UInt8] = if case .bytes(let bytes) = response.body { bytes } else { [] }
        HTTPSerializer.appendHead(
            of: response, bodyLength: body.count, isHTTP11: true, connection: .close, date: server.dateField, to: &transport.outbound)
        if current?.method != .head { transport.outbound.append(body) }
        linger()
    }

    /// Sends what is written and FIN, then reads past what the client sends, up to ``HTTPLimits/maxDiscardedBytes``. After those the
    /// socket is kept and not read, so that the client's own writing stops without failing. The sweep closes it when the client
    /// has closed, or after ``HTTPLimits/lingerTimeout``.
    func linger() {
        if case .ended = intake { return transport.closeAfterFlush() }
        intake = .discarding(bytes: 0)
        partial = nil
        isIntakePaused = false
        phaseBegan = loop.now
        transport.finishAfterFlush()
        readOn()
    }

    /// Counts what came after the last response.
    func discard(_ count: Int, after known: Int) {
        intake = .discarding(bytes: known + count)
        if hasDiscardedEnough { transport.stopReading() }
    }

    /// Reads, unless what has arrived must be used first, or nobody will use what comes.
    func readOn() {
        guard !isIntakePaused, !isClosed, !hasDiscardedEnough else { return }
        transport.startReading()
    }

    private var hasDiscardedEnough: Bool {
        guard case .discarding(let count) = intake else { return false }
        return count > server.limits.maxDiscardedBytes
    }

    /// For the sweep, of a connection whose last response is written.
    func sweepLingering(isQuiet: Bool, quietFor: Duration) {
        guard isQuiet else { return }
        if quietFor > server.limits.lingerTimeout { return transport.abort() }
        // While nothing is read, a FIN or a reset of the client is not seen by itself. After a FIN there is no more to read than the kernel
        // holds, and then the connection can be closed without a reset.
        if !transport.isReading, transport.hasPeerClosed {
            intake = .discarding(bytes: 0)
            readOn()
        }
    }
}
