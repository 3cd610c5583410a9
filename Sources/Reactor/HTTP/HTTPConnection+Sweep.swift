// Time limits of a connection, looked at a few times a second by the server: ten thousand connections cost one timer.

extension HTTPConnection {
    /// Ends what has taken too long. RELIABILITY's table: TLS handshake and header 10 s, body 30 s idle or under 1 KiB/s, handler 30 s,
    /// keep-alive 60 s, write stall 30 s.
    func sweep(now: MonotonicInstant, period: Duration) {
        guard !isClosed else { return }
        let limits = server.limits
        if transport.isHandshaking { return sweepHandshake(now) }
        transport.noteWriteProgress()
        if transport.bytesUnsent > 0, now - transport.lastWriteProgress > limits.writeStallTimeout {
            server.statistics.timeouts += 1
            return transport.reset()
        }
        // An answer that is still leaving is under the write stall's limit and no other.
        let isQuiet = transport.bytesUnsent == 0
        let quietFor = now - max(phaseBegan, transport.lastWriteProgress)
        if case .discarding = intake {
            sweepLingering(isQuiet: isQuiet, quietFor: quietFor)
        } else if isRefused {
            if quietFor > limits.lingerTimeout { refuseConnection(nil) }
        } else if let current {
            sweepBody(of: current, now: now, period: period)
            let isTimedOut = now - phaseBegan > limits.handlerTimeout
            if isTimedOut, !isAnswering { abandon(.serviceUnavailable, code: "HANDLER_TIMEOUT", retryAfter: true) }
        } else if isReadingPastBody {
            // The response is sent, and the client has had its second to finish a body that nobody reads.
            if isQuiet, quietFor > limits.lingerTimeout {
                linger()
                attend()
            }
        } else if partial != nil, !isIntakePaused {
            if now - phaseBegan > limits.headerTimeout { abandon(.requestTimeout, code: "REQUEST_TIMEOUT") }
        } else if pending.isEmpty, isQuiet, quietFor > limits.keepAliveTimeout {
            transport.abort()
        }
    }

    private func sweepHandshake(_ now: MonotonicInstant) {
        guard now - phaseBegan > server.limits.tlsHandshakeTimeout else { return }
        server.statistics.timeouts += 1
        transport.abort()
    }

    /// Whether the body of an answered request is still arriving.
    private var isReadingPastBody: Bool {
        switch intake {
        case .body(let request, _): request.isAnswered
        case .chunks(let body): body.request.isAnswered
        case .head, .refused, .discarding, .ended: false
        }
    }

    private func sweepBody(of request: HTTPRequest, now: MonotonicInstant, period: Duration) {
        // Only time in which the handler waits is held against the client: a slow handler stops the reading itself.
        guard !request.isAnswered, request.body.isAwaited else { return lastBodyByte = now }
        bodyWait += period
        // And time that the client takes is not the handler's.
        phaseBegan = phaseBegan + period
        let limits = server.limits
        let isStalled = now - lastBodyByte > limits.bodyIdleTimeout
        let isTrickling = bodyWait > limits.bodyRateGrace && Double(bodyBytes) < Double(limits.minBodyBytesPerSecond) * bodyWait.inSeconds
        guard isStalled || isTrickling else { return }
        server.statistics.timeouts += 1
        request.body.fail(.timeout)
    }

    /// Answers over the head of a client or a handler that took too long, and closes.
    private func abandon(_ status: HTTPStatus, code: String, retryAfter: Bool = false) {
        server.statistics.timeouts += 1
        isAbandoned = true
        let head = current == nil ? partial.map { partial in unsafe partial.bytes.withUnsafeBytes { unsafe Array($0) } } : nil
        refuse(status, code: code, head: head ?? [], retryAfter: retryAfter)
        cancelHandler()
    }
}
