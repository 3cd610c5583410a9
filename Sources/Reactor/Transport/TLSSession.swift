// TLS between the bytes of a socket and those of its owner: ciphertext in, plaintext out, and back. No I/O of its own: it reads out
// of the span that it is handed and writes into a buffer that its connection sends. Loop-bound.
//
// OpenSSL is tied to both by a BIO of ours rather than by memory BIOs: nothing is copied on the way in, and an idle session
// holds no buffer.

import COpenSSL

/// One side of a TLS connection.
@safe
final class TLSSession {
    /// How the connection stands after bytes have come.
    enum Outcome: Equatable {
        case open
        /// The peer has said that it sends no more.
        case ended
        case failed(TLSError)
    }

    /// What a peer can make us say (alerts, key updates) without reading it. A server's longest flight, with a long chain of
    /// certificates, is a fraction of it.
    private static let maxUnreadAnswers = 262_144

    let role: TLSContext.Role
    private let ssl: OpaquePointer
    private let buffers: BufferPool
    /// Ciphertext that OpenSSL has not taken yet; empty outside of ``receive(_:deliver:)``.
    private var incoming = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    /// Ciphertext for the peer.
    var outgoing = ByteBuffer()
    private(set) var isEstablished = false
    /// Called once the handshake is over.
    var onEstablished: (() -> Void)?
    /// The peer's close_notify has come while its reader had paused. Nothing else can wait here: plaintext is handed on with the
    /// bytes that it came in.
    var isEndWaiting = false
    /// Whether our own close_notify is written.
    private(set) var isFinished = false
    /// After a fatal error OpenSSL may not be asked for anything any more.
    private var isBroken = false

    /// - Parameter serverName: of a client: whom it wants to reach, by name or address.
    init?(_ context: TLSContext, serverName: String? = nil, buffers: BufferPool) {
        TLSErrorQueue.clear()
        guard let ssl = unsafe SSL_new(context.context) else { return nil }
        guard let bio = unsafe BIO_new(TLSSession.method) else {
            unsafe SSL_free(ssl)
            return nil
        }
        unsafe self.ssl = ssl
        self.buffers = buffers
        role = context.role
        // SAFETY: unretained; the BIO goes with the SSL, which `deinit` frees.
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        unsafe BIO_set_init(bio, 1)
        // Both ways are one BIO, whose one reference the SSL takes over.
        unsafe SSL_set_bio(ssl, bio, bio)
        switch role {
        case .server:
            unsafe SSL_set_accept_state(ssl)
        case .client:
            unsafe SSL_set_connect_state(ssl)
            guard let serverName else { break }
            if SocketAddress.ip(host: serverName, port: 0).storage() == nil { unsafe reactor_ssl_server_name(ssl, serverName) }
            if context.isVerifying { _ = unsafe SSL_set1_host(ssl, serverName) }
        }
    }

    deinit {
        unsafe SSL_free(ssl)
    }

    /// TLSv1.2 or TLSv1.3, once it is agreed on.
    var version: String { unsafe String(cString: SSL_get_version(ssl)) }

    // MARK: In

    /// Takes bytes off the socket: goes on with the handshake, and hands plaintext on.
    /// - Parameter deliver: given plaintext, valid during the call; returns whether more is wanted.
    func receive(_ bytes: RawSpan, deliver: (RawSpan) -> Bool) -> Outcome {
        unsafe bytes.withUnsafeBytes { buffer in
            // SAFETY: OpenSSL reads from here in calls that are made below, and the span outlives those.
            unsafe incoming = buffer
            defer { unsafe incoming = UnsafeRawBufferPointer(start: nil, count: 0) }
            if !isEstablished {
                let outcome = handshake()
                guard isEstablished else { return outcome }
            }
            return read(deliver: deliver)
        }
    }

    /// Begins a client's handshake, or goes on with either's.
    @discardableResult
    func handshake() -> Outcome {
        TLSErrorQueue.clear()
        let code = unsafe SSL_do_handshake(ssl)
        if code == 1 {
            isEstablished = true
            onEstablished?()
            onEstablished = nil
            return .open
        }
        guard unsafe SSL_get_error(ssl, code) == SSL_ERROR_WANT_READ else { return failed(.handshake) }
        return .open
    }

    private func read(deliver: (RawSpan) -> Bool) -> Outcome {
        let target = unsafe buffers.plaintextBuffer
        var filled = 0
        while true {
            TLSErrorQueue.clear()
            var count = 0
            let code = unsafe SSL_read_ex(ssl, target.baseAddress?.advanced(by: filled), target.count - filled, &count)
            guard code == 1 else {
                let outcome = outcome(ofReading: code)
                // Handed on together, so that the answers to all requests of one read leave in one write.
                if filled > 0 { _ = unsafe deliver(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: target[..<filled]))) }
                return outcome
            }
            filled += count
            guard filled == target.count else { continue }
            guard unsafe deliver(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(target))) else { return .open }
            filled = 0
        }
    }

    private func outcome(ofReading code: Int32) -> Outcome {
        switch unsafe SSL_get_error(ssl, code) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: outgoing.count > TLSSession.maxUnreadAnswers ? .failed(.flooded) : .open
        case SSL_ERROR_ZERO_RETURN: .ended
        default: failed(.record)
        }
    }

    // MARK: Out

    /// Encrypts `bytes` into ``outgoing``. Only for an established session.
    /// - Returns: what went wrong, if something did.
    func send(_ bytes: RawSpan) -> TLSError? {
        guard bytes.byteCount > 0, !isBroken else { return nil }
        prepareOutgoing()
        TLSErrorQueue.clear()
        var count = 0
        // Our BIO takes everything, so that one call does.
        let code = unsafe bytes.withUnsafeBytes { unsafe SSL_write_ex(ssl, $0.baseAddress, $0.count, &count) }
        guard code == 1, count == bytes.byteCount else {
            isBroken = true
            return .violation(TLSErrorQueue.cause().reason)
        }
        return nil
    }

    /// Says that nothing more will be sent; the peer may go on sending.
    func finish() {
        guard isEstablished, !isFinished, !isBroken else { return }
        isFinished = true
        prepareOutgoing()
        TLSErrorQueue.clear()
        _ = unsafe SSL_shutdown(ssl)
        TLSErrorQueue.clear()
    }

    /// Gives an emptied buffer back, so that an idle session has none.
    func returnBuffer() {
        if outgoing.isEmpty { buffers.reclaim(&outgoing) }
    }

    private func prepareOutgoing() {
        if outgoing.capacity == 0 { outgoing = buffers.take() }
    }

    // MARK: Failing

    private enum Stage {
        case handshake, record
    }

    private func failed(_ stage: Stage) -> Outcome {
        isBroken = true
        let (reason, code) = TLSErrorQueue.cause()
        switch stage {
        case .handshake where code == SSL_R_HTTP_REQUEST: return .failed(.plaintextHTTP)
        case .handshake: return .failed(.handshake(reason))
        case .record: return .failed(.violation(reason))
        }
    }

    // MARK: The BIO

    /// The kind of our BIOs: one in the process, kept for its life.
    // SAFETY: made once; BIOs only read it, on any thread.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        let method = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "reactor")
        _ = unsafe BIO_meth_set_read(method, onBIORead)
        _ = unsafe BIO_meth_set_write(method, onBIOWrite)
        _ = unsafe BIO_meth_set_ctrl(method, onBIOControl)
        return unsafe method
    }()

    /// Copies what is next to where OpenSSL wants it; -1 is "later".
    fileprivate func supply(_ target: UnsafeMutableRawBufferPointer) -> Int32 {
        let count = unsafe min(target.count, incoming.count)
        guard count > 0 else { return -1 }
        unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: incoming[..<count]))
        unsafe incoming = UnsafeRawBufferPointer(rebasing: incoming[count...])
        return Int32(clamping: count)
    }

    fileprivate func collect(_ bytes: UnsafeRawBufferPointer) {
        prepareOutgoing()
        unsafe outgoing.append(RawSpan(_unsafeBytes: bytes))
    }
}

// MARK: - C callbacks

private func session(of bio: OpaquePointer) -> TLSSession? {
    guard let data = unsafe BIO_get_data(bio) else { return nil }
    // SAFETY: the session frees the SSL, and with it the BIO, in its `deinit`.
    return unsafe Unmanaged<TLSSession>.fromOpaque(data).takeUnretainedValue()
}

private func onBIORead(_ bio: OpaquePointer?, _ target: UnsafeMutablePointer<CChar>?, _ count: Int32) -> Int32 {
    guard let bio = unsafe bio, let target = unsafe target, count > 0, let session = unsafe session(of: bio) else { return 0 }
    unsafe reactor_bio_clear_retry(bio)
    let supplied = unsafe session.supply(UnsafeMutableRawBufferPointer(start: target, count: Int(count)))
    if supplied < 0 { unsafe reactor_bio_retry_read(bio) }
    return supplied
}

private func onBIOWrite(_ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ count: Int32) -> Int32 {
    guard let bio = unsafe bio, let bytes = unsafe bytes, count > 0, let session = unsafe session(of: bio) else { return 0 }
    unsafe reactor_bio_clear_retry(bio)
    unsafe session.collect(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
    return count
}

/// Flushing is the one thing that OpenSSL insists on; what is unknown is answered with 0 (BIO_ctrl(3)).
private func onBIOControl(
    _ bio: OpaquePointer?, _ command: Int32, _ number: Int, _ pointer: UnsafeMutableRawPointer?
) -> Int {
    command == BIO_CTRL_FLUSH ? 1 : 0
}
