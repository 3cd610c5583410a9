// One client's connection: bytes come in from the transport, requests queue up, a worker answers them in order.
// Loop-bound: transport callbacks and the worker's task both run on the loop's thread.
//
// Intake (HTTPConnection+Intake.swift) happens inside the read callback: it parses every request that has arrived, so that
// those of one read are answered in one write. Answers (HTTPConnection+Answer.swift) are written by the worker, which a connection
// has only while there is something to answer. Time limits are looked at by the server's sweep (HTTPConnection+Sweep.swift), not
// by a timer a connection. What all of this costs an idle connection is a bar: the rarely used parts are objects of their own.

/// The server's side of one connection.
@safe
final class HTTPConnection {
    let transport: TCPConnection
    let server: HTTPServerShard
    var loop: EventLoop { transport.loop }

    // Intake.
    var intake = Intake.head
    /// A head that has not arrived whole; nil on an idle connection, which is why it is kept apart.
    var partial: PartialHead?
    /// Parsed and not answered; the last one's body may still be arriving.
    var pending = HTTPRequestQueue()
    var isIntakePaused = false
    /// There was no room for this connection: whatever is asked first gets 503.
    let isRefused: Bool

    // Answers.
    /// Answers what is pending; nil while nothing is.
    private var worker: HTTPWorker?
    /// The worker, when it waits for the client to take what was written.
    var blockedWriter: UnsafeContinuation<Void, Never>?
    /// The request whose handler runs.
    var current: HTTPRequest?
    var requestsServed = 0
    /// The head of the current answer is written: its time limit is now the client's (write stall), not the handler's.
    var isAnswering = false
    /// The current answer is one without an end: it is cut short when nobody listens, or nobody shall.
    var isEndless = false

    // Time.
    var phaseBegan: MonotonicInstant
    var bodyBytes = 0
    var lastBodyByte: MonotonicInstant
    var bodyWait = Duration.zero

    /// The place in the server's list.
    var slot = 0
    private(set) var isClosed = false
    /// Nothing will be served any more: what remains is to send what is written.
    private var isOver = false
    /// Runs out when a client that has finished sending has been given its moment.
    private var departure: LoopTimer?
    /// Answered by the sweep, over the handler's head: what the handler returns is dropped.
    var isAbandoned = false

    /// What the next bytes are.
    enum Intake {
        case head
        case body(HTTPRequest, remaining: Int)
        case chunks(ChunkedBody)
        /// A request that cannot be framed: nothing later on this connection is served.
        case refused(RefusedHead)
        /// The last response is written: what still comes is thrown away, see ``linger()``.
        case discarding(bytes: Int)
        /// The peer has finished sending.
        case ended
    }

    /// A chunked body that is arriving. An object of its own for the same reason as ``PartialHead``.
    final class ChunkedBody {
        let request: HTTPRequest
        var decoder: ChunkedDecoder

        init(of request: HTTPRequest, limits: HTTPLimits) {
            self.request = request
            decoder = ChunkedDecoder(limits: limits)
        }
    }

    /// A head in the making, and the bytes behind a pause. An object of its own, so that an idle connection has no room for it.
    final class PartialHead {
        let parser: HTTPHeadParser?
        var bytes: ByteBuffer

        init(parser: HTTPHeadParser?, bytes: consuming ByteBuffer) {
            self.parser = parser
            self.bytes = bytes
        }
    }

    init(transport: TCPConnection, server: HTTPServerShard, isRefused: Bool = false) {
        self.transport = transport
        self.server = server
        self.isRefused = isRefused
        phaseBegan = transport.loop.now
        lastBodyByte = transport.loop.now
    }

    /// Begins to read.
    func start() {
        transport.delegate = self
        transport.startReading()
    }

    // MARK: Serving

    /// Sees to it that what has arrived is answered, or that the connection ends if nothing more will be. Called whenever either
    /// may have become so; idempotent.
    func attend() {
        guard worker == nil, !isOver else { return }
        if pending.isEmpty || isClosed || isAbandoned {
            settle()
        } else {
            worker = server.employWorker(for: self)
        }
    }

    /// The next request to answer; nil when there is none, or none shall be answered. For the worker, like the two below.
    func beginRequest() -> HTTPRequest? {
        guard !isClosed, !isAbandoned, !isOver, let request = pending.popFirst() else { return nil }
        resumeIntake()
        current = request
        if case .ended = intake, pending.isEmpty { cancelAfterDeparture() }
        requestsServed += 1
        server.statistics.requests += 1
        server.statistics.requestsInFlight += 1
        phaseBegan = loop.now
        return request
    }

    /// The answer is written, or there will be none.
    func endRequest(_ request: inout HTTPRequest, staysOpen: Bool) {
        server.statistics.requestsInFlight -= 1
        current = nil
        isAnswering = false
        departure = nil
        phaseBegan = loop.now
        guard staysOpen else { return finish() }
        if !isArriving(request) { server.recycle(&request) }
    }

    /// Nothing is pending any more: the worker goes.
    func dismissWorker() {
        worker = nil
        settle()
        leaveWhenOver()
    }

    /// Everything that was asked is answered: is there more to come?
    private func settle() {
        switch intake {
        case .refused, .discarding, .ended:
            finish()
        case .head, .body, .chunks:
            if isClosed || isAbandoned || (server.isDraining && partial == nil) { finish() }
        }
    }

    /// The server forgets the connection when both its socket and its worker are gone: a handler whose client has left still runs,
    /// and still counts.
    private func leaveWhenOver() {
        if isClosed, worker == nil { server.remove(self) }
    }

    /// No request will be answered any more: says why, if it must, and lets the socket go in an orderly way.
    private func finish() {
        guard !isOver else { return }
        isOver = true
        guard !isClosed, !isAbandoned else { return }
        switch intake {
        case .refused(let refused):
            server.statistics.malformedRequests += 1
            refuse(refused.error.status, code: refused.error.code, head: refused.bytes)
        case .body, .chunks:
            // The response is sent, and the client still sends the body: it may not have read the response.
            linger()
        case .discarding:
            break
        case .head, .ended:
            transport.closeAfterFlush()
        }
    }

    /// Responds to the first request of a connection that there was no room for.
    /// - Parameter request: nil where none has come in time.
    func refuseConnection(_ request: HTTPRequest?) {
        current = request
        refuse(.serviceUnavailable, code: "TOO_MANY_CONNECTIONS", retryAfter: true)
        current = nil
        attend()
    }

    /// Whether the connection waits for a request of which nothing has arrived.
    var isIdle: Bool { current == nil && pending.isEmpty && partial == nil && isExpectingHead }

    private var isExpectingHead: Bool {
        if case .head = intake { return true }
        return false
    }

    /// The server is stopping: a connection that nothing was asked on ends now, the others with their answers.
    func drain() {
        if isEndless { return cancelHandler() }
        guard current == nil, pending.isEmpty else { return }
        // Idle, or the rest of a body comes that is answered already; half a head is waited for.
        if partial == nil { attend() }
    }

    /// Whether the request's body has not arrived whole.
    func isArriving(_ request: HTTPRequest) -> Bool {
        switch intake {
        case .body(let arriving, _): arriving === request
        case .chunks(let arriving): arriving.request === request
        case .head, .refused, .discarding, .ended: false
        }
    }

    /// Ends the handler: its waits throw, and what it returns is dropped.
    func cancelHandler() {
        worker?.cancel()
        current?.body.fail(.clientGone)
        pending.last?.body.fail(.clientGone)
        unblockWriter()
        attend()
    }

    func unblockWriter() {
        guard let writer = unsafe blockedWriter else { return }
        unsafe blockedWriter = nil
        unsafe writer.resume()
    }
}

extension HTTPConnection: TCPConnectionDelegate {
    func receivedEOF() {
        if case .body(let request, _) = intake { request.body.fail(.clientGone) }
        if case .chunks(let body) = intake { body.request.body.fail(.clientGone) }
        let wasDiscarding = if case .discarding = intake { true } else { false }
        if case .refused = intake {} else { intake = .ended }
        if isEndless {
            cancelHandler()
        } else if wasDiscarding {
            transport.closeAfterFlush()
        } else if current == nil, pending.isEmpty {
            attend()
        } else if current != nil, pending.isEmpty {
            cancelAfterDeparture()
        }
    }

    /// Most clients that stop sending have stopped listening too, but `printf ... | nc -N` has not: it gets what is ready within a
    /// moment, and a handler that takes longer is told to stop (RELIABILITY: within 100 ms).
    private func cancelAfterDeparture() {
        guard departure == nil else { return }
        let timer = LoopTimer(loop: loop)
        departure = timer
        timer.start(after: .milliseconds(50)) { [unowned self] in
            guard current != nil, !isAnswering, !isClosed else { return }
            isAbandoned = true
            cancelHandler()
            transport.closeAfterFlush()
        }
    }

    func closed(_ error: TransportError?) {
        isClosed = true
        if transport.isHandshaking { server.statistics.failedHandshakes += 1 }
        intake = .ended
        partial = nil
        departure = nil
        cancelHandler()
        pending.removeAll()
        leaveWhenOver()
    }

    func outboundDrained() {
        unblockWriter()
    }

    func receivedPlaintextHTTP() -> Bool {
        server.statistics.malformedRequests += 1
        isAbandoned = true
        refuse(.badRequest, code: HTTPRefusal.tlsRequired)
        attend()
        return true
    }
}
