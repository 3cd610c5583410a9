// Time limits of a connection, looked at a few times a second by the server: ten thousand connections cost one timer.

extension HTTPConnection {
    /// Ends what has taken too long. RELIABILITY's table: header 10 s, body 30 s idle or under 1 KiB/s, handler 30 s,
    /// keep-alive 60 s, write stall 30 s.
    func sweep(now: MonotonicInstant, period: Duration) {
        guard !isClosed else { return }
        let limits = server.limits
        if transport.bytesUnsent > 0, now - transport.lastWriteProgress > limits.writeStallTimeout {
            server.statistics.timeouts += 1
            return transport.abort()
        }
        if case .discarding = intake {
            if now - phaseBegan > limits.lingerTimeout { transport.abort() }
        } else if let current {
            sweepBody(of: current, now: now, period: period)
            if now - phaseBegan > limits.handlerTimeout, !isAnswering { abandon(.serviceUnavailable, retryAfter: true) }
        } else if partial != nil, !isIntakePaused {
            if now - phaseBegan > limits.headerTimeout { abandon(.requestTimeout) }
        } else if pending.isEmpty, now - phaseBegan > limits.keepAliveTimeout {
            transport.abort()
        }
    }

    private func sweepBody(of request: HTTPRequest, now: MonotonicInstant, period: Duration) {
        if isArriving(request), request.isAnswered {
            // Answered, and the client has had its second to finish what nobody reads.
            if now - phaseBegan > server.limits.lingerTimeout { transport.abort() }
            return
        }
        // Only time in which the handler waits is held against the client: a slow handler stops the reading itself.
        guard request.body.isAwaited else { return lastBodyByte = now }
        bodyWait += period
        let limits = server.limits
        let isStalled = now - lastBodyByte > limits.bodyIdleTimeout
        let isTrickling = bodyWait > limits.bodyRateGrace && Double(bodyBytes) < Double(limits.minBodyBytesPerSecond) * bodyWait.inSeconds
        guard isStalled || isTrickling else { return }
        server.statistics.timeouts += 1
        request.body.fail(.timeout)
    }

    /// Answers over the head of a client or a handler that took too long, and closes.
    private func abandon(_ status: HTTPStatus, retryAfter: Bool = false) {
        server.statistics.timeouts += 1
        isAbandoned = true
        refuse(status, retryAfter: retryAfter)
        cancelHandler()
    }
}
