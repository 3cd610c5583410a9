// TLS on a connection: what comes off the socket is decrypted before the delegate sees it, what was gathered is encrypted before it
// leaves. Back-pressure, closing and stalls are those of a connection in clear. Loop-bound.

extension TCPConnection {
    /// What is encrypted at a time: the kernel rarely takes more at once, and what it does not take is copied.
    private static let encryptedAtOnce = 131_072

    /// Whether there is TLS whose handshake is not over.
    public var isHandshaking: Bool {
        guard let tls else { return false }
        return !tls.isEstablished
    }

    /// TLSv1.2 or TLSv1.3; nil in clear.
    public var tlsVersion: String? {
        guard let tls, tls.isEstablished else { return nil }
        return tls.version
    }

    /// Speaks TLS as a server from now on. Before anything is read or written.
    /// - Returns: false without the memory for it; the connection is of no use then.
    func startTLS(_ context: TLSContext) -> Bool {
        guard let session = TLSSession(context, buffers: loop.buffers) else { return false }
        tls = session
        return true
    }

    /// Connects, and speaks TLS as a client. For protocols in which the client speaks first: reading begins with
    /// ``startReading()``. On-loop.
    /// - Parameters:
    ///   - serverName: the name or address that the certificate must be for; told to the server where it is a name.
    ///   - timeout: for the connection and for the handshake, each.
    /// - Throws: ``TransportError``, as without TLS; `EPROTO` for what is wrong with the handshake or the certificate.
    public static func connect(
        to address: SocketAddress, loop: EventLoop, timeout: Duration, tls context: TLSContext, serverName: String
    ) async throws(TransportError) -> TCPConnection {
        let connection = try await connect(to: address, loop: loop, timeout: timeout)
        guard let session = TLSSession(context, serverName: serverName, buffers: loop.buffers) else {
            connection.abort()
            throw TLSError.handshake("no session").transportError
        }
        let promise = LoopPromise<Void>(loop: loop)
        session.onEstablished = { promise.succeed(()) }
        connection.tls = session
        connection.delegate = HandshakeWatch(promise)
        session.handshake()
        connection.scheduleFlush()
        connection.startReading()
        let timer = LoopTimer(loop: loop)
        timer.start(after: timeout) { promise.fail(TransportError.timedOut("TLS handshake")) }
        defer { timer.stop() }
        do {
            try await promise.wait()
        } catch {
            connection.abort()
            throw error as? TransportError ?? .cancelled("TLS handshake")
        }
        connection.stopReading()
        connection.delegate = nil
        return connection
    }

    // MARK: In

    func receivedEncrypted(_ bytes: RawSpan, _ tls: TLSSession) {
        let wasHandshaking = !tls.isEstablished
        let outcome = tls.receive(bytes) { plaintext in
            delegate?.received(plaintext)
            return isOpen
        }
        guard isOpen else { return }
        if !tls.outgoing.isEmpty || (wasHandshaking && !buffer.isEmpty) { scheduleFlush() }
        switch outcome {
        case .open:
            break
        case .ended:
            end(tls)
        case .failed(.plaintextHTTP) where answersInClear():
            break
        case .failed(let error):
            // The alert says why, if there is room for it.
            if bytesUnsent == 0 { _ = tryWrite(tls.outgoing) }
            close(error.transportError)
        }
    }

    /// The peer has said that it sends no more. A delegate that has paused hears of it when it goes on, as it would of a FIN, which
    /// waits in the kernel: until then it has use for what came before.
    func end(_ tls: TLSSession) {
        tls.isEndWaiting = !isReading
        guard isReading else { return }
        stopReading()
        delegate?.receivedEOF()
    }

    private func answersInClear() -> Bool {
        tls = nil
        return delegate?.receivedPlaintextHTTP() ?? false
    }

    /// The socket has ended. A server's requests say themselves how long they are; a client cannot know whether it has all of
    /// an answer (RFC 8446 6.1).
    func receivedEOF(_ tls: TLSSession) {
        guard tls.isEstablished else { return close(TLSError.handshake("the peer closed").transportError) }
        guard tls.role == .server else { return close(TLSError.truncated.transportError) }
        delegate?.receivedEOF()
    }

    // MARK: Out

    /// Encrypts and writes until all is gone or the kernel is full.
    func flushEncrypted(_ tls: TLSSession) {
        while isOpen, bytesInKernelQueue == 0 {
            if tls.outgoing.isEmpty, !encrypt(tls) { break }
            write(&tls.outgoing)
        }
        tls.returnBuffer()
    }

    /// Encrypts the next slice, or the goodbye behind the last one; false when there is nothing to send.
    private func encrypt(_ tls: TLSSession) -> Bool {
        guard tls.isEstablished else { return false }
        guard !buffer.isEmpty else {
            if closing == .afterFlush || closing == .finishAfterFlush { tls.finish() }
            return !tls.outgoing.isEmpty
        }
        let count = min(buffer.count, TCPConnection.encryptedAtOnce)
        let error = unsafe buffer.withUnsafeBytes { bytes -> TLSError? in
            // SAFETY: the span ends with the call that it is handed to, and the buffer outlives that.
            unsafe tls.send(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[..<count])))
        }
        if let error {
            close(error.transportError)
            return false
        }
        buffer.consume(count)
        return true
    }

    /// Before a close that loses nothing: close_notify, if the kernel has room.
    func sayGoodbye(_ tls: TLSSession) {
        guard isOpen, bytesUnsent == 0 else { return }
        tls.finish()
        if !tls.outgoing.isEmpty { _ = tryWrite(tls.outgoing) }
    }
}

/// Listens to a connection whose handshake is under way: it may end before there is anybody else to tell.
private final class HandshakeWatch: TCPConnectionDelegate {
    private let promise: LoopPromise<Void>

    init(_ promise: LoopPromise<Void>) {
        self.promise = promise
    }

    func received(_ bytes: RawSpan) {}
    func receivedEOF() { promise.fail(TLSError.truncated.transportError) }
    func closed(_ error: TransportError?) { promise.fail(error ?? TLSError.truncated.transportError) }
    func outboundDrained() {}
}
