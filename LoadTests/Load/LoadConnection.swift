// One connection of the generator, and the virtual user that it carries. Loop-bound. Callbacks all the way: a task a request would
// cost more than the server that is measured.

import Reactor

/// A request on its way.
struct PendingRequest {
    let request: LoadRequest
    /// When it was due, in an open loop; when it was sent, in a closed one.
    let dueAt: MonotonicInstant
}

/// A user's connection.
final class LoadConnection: TCPConnectionDelegate {
    private unowned let driver: LoadDriver
    let number: Int
    var user: any VirtualUser
    private var transport: TCPConnection?
    private var scanner = ResponseScanner()
    /// Oldest first; answers come in this order (RFC 9112 9.3.2).
    private(set) var pending: [PendingRequest] = []
    /// Whether it is counted among those that the load may begin with.
    var isPrepared = false
    private var isEnding = false
    /// What requests without an answer are counted as when the connection ends.
    private var cause = LoadFailure.closed

    init(_ driver: LoadDriver, number: Int, user: any VirtualUser) {
        self.driver = driver
        self.number = number
        self.user = user
    }

    var isConnected: Bool { transport != nil }
    var isIdle: Bool { pending.isEmpty && isConnected }

    // MARK: Connecting

    func adopt(_ transport: TCPConnection) {
        self.transport = transport
        scanner = ResponseScanner()
        cause = .closed
        transport.delegate = self
        transport.startReading()
    }

    /// Closes without waiting for anything. What has no answer is counted now: the driver need not live until the socket is gone.
    func end() {
        isEnding = true
        giveUp()
        loseAll()
    }

    /// Leaves a server that does not answer.
    func giveUp() {
        cause = .timeout
        transport?.abort()
    }

    // MARK: Sending

    /// Sends the user's next requests, `count` of them in one write.
    func send(_ count: Int, dueAt: MonotonicInstant) {
        guard let transport else { return }
        if pending.isEmpty { driver.beganWaiting() }
        for _ in 0..<count {
            let request = user.next()
            if pending.isEmpty { prepare(for: request) }
            pending.append(PendingRequest(request: request, dueAt: dueAt))
            transport.outbound.append(request.bytes)
        }
        transport.scheduleFlush()
    }

    private func prepare(for request: LoadRequest) {
        scanner.keepsBody = request.needsBody
        scanner.isHead = request.isHead
    }

    // MARK: Receiving

    func received(_ bytes: RawSpan) {
        let bytes = Span<UInt8>(_bytes: bytes)
        var position = 0
        do throws(ResponseScanner.Malformed) {
            while let response = try scanner.next(bytes, &position) {
                guard take(response) else { return }
            }
        } catch {
            cause = .malformed
            transport?.abort()
        }
    }

    /// - Returns: false where the connection is over.
    private func take(_ response: ResponseScanner.Response) -> Bool {
        guard !pending.isEmpty else {
            // An answer to nothing.
            driver.malformed()
            transport?.abort()
            return false
        }
        let answered = pending.removeFirst()
        if pending.isEmpty { driver.endedWaiting() }
        let answer = LoadAnswer(status: response.status, body: answered.request.needsBody ? scanner.body : [])
        let isExpected = user.received(answer, to: answered.request)
        if let next = pending.first { prepare(for: next.request) }
        driver.answered(answered, status: response.status, bodyBytes: response.bodyBytes, isExpected: isExpected)
        guard !response.isLast else {
            transport?.abort()
            return false
        }
        if pending.isEmpty { driver.becameIdle(self) }
        return isConnected
    }

    func receivedEOF() {
        if let response = scanner.end() { _ = take(response) } else { transport?.abort() }
    }

    func closed(_ error: TransportError?) {
        transport = nil
        loseAll()
        if !isEnding { driver.lost(self) }
    }

    func outboundDrained() {}

    private func loseAll() {
        let unanswered = pending
        guard !unanswered.isEmpty else { return }
        pending.removeAll()
        driver.endedWaiting()
        for request in unanswered {
            driver.failed(request, cause)
        }
    }
}
