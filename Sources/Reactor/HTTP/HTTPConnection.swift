// One client's connection: bytes come in from the transport, requests queue up, one task answers them in order.
// Loop-bound: transport callbacks and the task both run on the loop's thread.
//
// Intake (HTTPConnection+Intake.swift) happens inside the read callback: it parses every request that has arrived, so that
// those of one read are answered in one write. Answers (HTTPConnection+Answer.swift) are written by the task. Time limits are
// looked at by the server's sweep (HTTPConnection+Sweep.swift), not by a timer a connection.

import DequeModule

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
    /// Parsed and not answered, oldest first; its bodies may still be arriving (only the last one's can).
    var pending = Deque<HTTPRequest>()
    var isIntakePaused = false
    /// Bytes of bodies that came after their answer.
    var discardedBytes = 0

    // Answers.
    private var task: Task<Void, Never>?
    /// The task, when it waits for a request.
    private var idleTask: UnsafeContinuation<Void, Never>?
    /// The task, when it waits for the client to take what was written.
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
    private var isTaskOver = false
    /// Runs out when a client that has finished sending has been given its moment.
    private var departure: LoopTimer?
    /// Answered by the sweep, over the handler's head: what the handler returns is dropped.
    var isAbandoned = false

    /// What the next bytes are.
    enum Intake {
        case head
        case body(HTTPRequest, remaining: Int)
        case chunks(HTTPRequest, ChunkedDecoder)
        /// A request that cannot be framed: nothing later on this connection is served.
        case refused(HTTPParseError)
        /// The last answer is written: what still comes is thrown away, up to a limit.
        case discarding(bytes: Int)
        /// The peer has finished sending.
        case ended
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

    init(transport: TCPConnection, server: HTTPServerShard) {
        self.transport = transport
        self.server = server
        phaseBegan = transport.loop.now
        lastBodyByte = transport.loop.now
    }

    /// Begins to read, and starts the task that answers.
    func start() {
        transport.delegate = self
        // SAFETY: the task is isolated to the loop's actor, and this object is touched on the loop's thread only.
        nonisolated(unsafe) let connection = self
        let isolation = loop.isolation
        task = Task(executorPreference: loop) {
            unsafe await connection.serve(isolation: isolation)
        }
        transport.startReading()
    }

    // MARK: The task

    /// Answers requests in order until the connection is to end. The keep-alive loop, whole.
    private func serve(isolation: isolated LoopActor) async {
        while let request = await nextRequest() {
            current = request
            if case .ended = intake, pending.isEmpty { cancelAfterDeparture() }
            requestsServed += 1
            server.statistics.requests += 1
            server.statistics.requestsInFlight += 1
            phaseBegan = loop.now
            let response = await server.responder.respond(to: request)
            let staysOpen = await answer(request, with: response)
            server.statistics.requestsInFlight -= 1
            current = nil
            departure = nil
            phaseBegan = loop.now
            guard staysOpen else { break }
            if !isArriving(request) { server.recycle(request) }
        }
        finish()
        isTaskOver = true
        leaveWhenOver()
    }

    /// The server forgets the connection when both its socket and its task are gone: a handler whose client has left still runs,
    /// and still counts.
    private func leaveWhenOver() {
        if isClosed, isTaskOver { server.remove(self) }
    }

    /// The next request to answer; nil when there will be none.
    private func nextRequest() async -> HTTPRequest? {
        while true {
            guard !isClosed, !isAbandoned else { return nil }
            if let request = pending.popFirst() {
                resumeIntake()
                return request
            }
            switch intake {
            case .refused, .discarding, .ended: return nil
            case .head, .body, .chunks: break
            }
            if server.isDraining, partial == nil { return nil }
            await unsafe withUnsafeContinuation { unsafe idleTask = $0 }
        }
    }

    /// Lets the task look again.
    func wakeTask() {
        guard let waiting = unsafe idleTask else { return }
        unsafe idleTask = nil
        unsafe waiting.resume()
    }

    /// No request will be answered any more: says why, if it must, and lets the socket go in an orderly way.
    private func finish() {
        guard !isClosed, !isAbandoned else { return }
        if case .refused(let error) = intake {
            server.statistics.malformedRequests += 1
            refuse(error.status, code: error.code)
        } else if case .discarding = intake {
            // The last answer said `Connection: close`, and the client may still be sending.
        } else {
            transport.closeAfterFlush()
        }
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
        if isIdle {
            wakeTask()
        } else if partial == nil {
            // Only the rest of a body comes here that is answered already.
            transport.closeAfterFlush()
        }
    }

    /// Whether the request's body has not arrived whole.
    func isArriving(_ request: HTTPRequest) -> Bool {
        switch intake {
        case .body(let arriving, _), .chunks(let arriving, _): arriving === request
        case .head, .refused, .discarding, .ended: false
        }
    }

    /// Ends the handler: its waits throw, and what it returns is dropped.
    func cancelHandler() {
        task?.cancel()
        current?.body.fail(.clientGone)
        for request in pending { request.body.fail(.clientGone) }
        unblockWriter()
        wakeTask()
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
        if case .chunks(let request, _) = intake { request.body.fail(.clientGone) }
        let wasDiscarding = if case .discarding = intake { true } else { false }
        if case .refused = intake {} else { intake = .ended }
        if isEndless {
            cancelHandler()
        } else if wasDiscarding {
            transport.closeAfterFlush()
        } else if current == nil, pending.isEmpty {
            wakeTask()
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
        refuse(.badRequest, code: "TLS_REQUIRED")
        wakeTask()
        return true
    }
}
