// From bytes to requests: what happens inside the read callback. Parses as many requests as have arrived, feeds the body that
// is arriving, and stops reading when too much waits.

extension HTTPConnection {
    func received(_ bytes: RawSpan) {
        if bytes.byteCount >= HTTPConnection.postponableBytes, loop.isTickLong { return postpone(bytes) }
        if let partial {
            // Exclusive while it is parsed from: taken out, put back with what is left.
            self.partial = nil
            var stored = partial.bytes
            partial.bytes = ByteBuffer()
            stored.append(bytes)
            let consumed = take(stored.bytes, parser: partial.parser)
            stored.consume(consumed)
            keep(stored)
        } else {
            let consumed = take(bytes, parser: nil)
            guard consumed < bytes.byteCount else { return }
            var rest = loop.buffers.take()
            rest.append(bytes.extracting(consumed...))
            keep(rest)
        }
    }

    /// Smaller reads are worked off at once: to look at the clock for them would be dear, and they are soon done.
    private static let postponableBytes = 16_384

    /// Keeps what has arrived for later. A body in chunks of one byte takes a millisecond for each read, and a hundred clients may send one
    /// at once: after a few of them the loop looks at its sockets again, so that other clients do not wait for all.
    private func postpone(_ bytes: RawSpan) {
        let parser = partial?.parser
        var stored = ByteBuffer()
        if let partial {
            swap(&stored, &partial.bytes)
        } else {
            stored = loop.buffers.take()
        }
        stored.append(bytes)
        partial = PartialHead(parser: parser, bytes: stored)
        isIntakePaused = true
        transport.stopReading()
        resumeInYoungTick()
    }

    /// Goes on after the next look at the sockets, or the one after it that leaves time.
    private func resumeInYoungTick() {
        // SAFETY: the closure is run on this loop, to which the connection belongs.
        nonisolated(unsafe) let connection = self
        loop.post { unsafe connection.resumeIfTickIsYoung() }
    }

    private func resumeIfTickIsYoung() {
        guard !isClosed, isIntakePaused else { return }
        if loop.isTickLong { resumeInYoungTick() } else { resumeIntake() }
    }

    /// Goes on where a full queue made the intake pause.
    func resumeIntake() {
        guard isIntakePaused, pending.count <= server.limits.maxPipelinedRequests / 2,
            bufferedBodyBytes < HTTPRequestBody.bufferedBytesLimit
        else { return }
        isIntakePaused = false
        if let partial {
            self.partial = nil
            var stored = partial.bytes
            partial.bytes = ByteBuffer()
            let consumed = take(stored.bytes, parser: partial.parser)
            stored.consume(consumed)
            keep(stored)
        }
        readOn()
    }

    /// Stores what could not be used yet, and with it the state of the head that it begins.
    private func keep(_ bytes: consuming ByteBuffer) {
        let parser = server.unfinishedParser
        server.unfinishedParser = nil
        guard !bytes.isEmpty, !isClosed else { return loop.buffers.give(bytes) }
        partial = PartialHead(parser: parser, bytes: bytes)
    }

    /// Uses as much of `bytes` as possible; returns how much that was.
    private func take(_ bytes: RawSpan, parser resumed: HTTPHeadParser?) -> Int {
        var position = 0
        var resumed = resumed
        while position < bytes.byteCount {
            let rest = bytes.extracting(position...)
            switch intake {
            case .head:
                guard pending.count < server.limits.maxPipelinedRequests, bufferedBodyBytes < HTTPRequestBody.bufferedBytesLimit else {
                    isIntakePaused = true
                    transport.stopReading()
                    return position
                }
                guard let length = parseHead(rest, resumed: &resumed) else { return position }
                position += length
            case .body(let request, let remaining):
                let count = min(remaining, rest.byteCount)
                feed(request, rest.extracting(first: count))
                position += count
                if count == remaining {
                    intake = .head
                    request.body.finish()
                } else {
                    intake = .body(request, remaining: remaining - count)
                }
            case .chunks(let body):
                let (consumed, needsMore) = takeChunk(of: body, rest)
                position += consumed
                if needsMore { return position }
            case .discarding(let count):
                discard(rest.byteCount, after: count)
                return bytes.byteCount
            case .refused, .ended:
                return bytes.byteCount
            }
        }
        return position
    }

    /// Parses one head; nil when it has not arrived whole, or is refused.
    private func parseHead(_ bytes: RawSpan, resumed: inout HTTPHeadParser?) -> Int? {
        do {
            if var parser = resumed {
                resumed = nil
                guard let length = try parser.parse(bytes) else {
                    server.unfinishedParser = parser
                    return nil
                }
                accept(&parser.head, bytes.extracting(first: length))
                return length
            }
            // The common case, a head in one piece, needs no parser of its own: the loop's serves every connection.
            server.parser.reset()
            guard let length = try server.parser.parse(bytes) else {
                server.unfinishedParser = server.parser
                if isIdle { phaseBegan = loop.now }
                return nil
            }
            accept(&server.parser.head, bytes.extracting(first: length))
            return length
        } catch {
            let limits = server.limits
            let kept = bytes.extracting(first: limits.maxRequestLineBytes + limits.maxHeaderBytes)
            intake = .refused(RefusedHead(error, bytes: unsafe kept.withUnsafeBytes { unsafe Array($0) }))
            attend()
            return bytes.byteCount
        }
    }

    private func accept(_ head: inout HTTPRequestHead, _ bytes: RawSpan) {
        let request = server.makeRequest(&head, bytes, remoteAddress: transport.remoteAddress)
        guard !isRefused else { return refuseConnection(request) }
        switch request.framing {
        case .none, .contentLength(0):
            break
        case .contentLength(let length):
            intake = .body(request, remaining: length)
            bodyBegins(request)
        case .chunked:
            intake = .chunks(ChunkedBody(of: request, limits: server.limits))
            bodyBegins(request)
        }
        pending.append(request)
        attend()
    }

    private func bodyBegins(_ request: HTTPRequest) {
        request.body.source = self
        bodyBytes = 0
        bodyWait = .zero
        lastBodyByte = loop.now
    }

    private func takeChunk(of body: ChunkedBody, _ bytes: RawSpan) -> (consumed: Int, needsMore: Bool) {
        do {
            switch try body.decoder.next(bytes) {
            case .needMore(let consumed):
                return (consumed, true)
            case .data(let range, let consumed):
                feed(body.request, bytes.extracting(range))
                return (consumed, false)
            case .end(let consumed):
                intake = .head
                body.request.body.finish()
                return (consumed, false)
            }
        } catch {
            intake = .refused(RefusedHead(error, bytes: []))
            body.request.body.fail(.malformed)
            return (bytes.byteCount, false)
        }
    }

    private func feed(_ request: HTTPRequest, _ bytes: RawSpan) {
        bodyBytes += bytes.byteCount
        lastBodyByte = loop.now
        // A body that its handler did not want is read past: `canStayOpen` has seen that little of it is left.
        guard !request.isAnswered else { return }
        request.body.feed(bytes)
        if request.body.isFull { transport.stopReading() }
    }
}

extension HTTPConnection: HTTPBodySource {
    func bodyWanted() {
        guard let current, current.expectsContinue, !current.isContinueSent, isArriving(current), bodyBytes == 0 else { return }
        current.isContinueSent = true
        transport.outbound.append("HTTP/1.1 100 Continue\r\n\r\n" as StaticString)
        transport.scheduleFlush()
    }

    func bodyConsumed() { readOn() }

    /// Bytes of bodies that wait behind the request that is being answered: bounded together, however many requests they are in.
    private var bufferedBodyBytes: Int {
        pending.bufferedBodyBytes
    }
}
