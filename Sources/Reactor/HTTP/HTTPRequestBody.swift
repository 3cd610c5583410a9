// A request's body on its way from the connection, which feeds it, to the handler, which reads it. Loop-bound.
//
// At most `bufferedBytesLimit` bytes wait here; above it the connection stops reading from the socket, and the client's
// own send buffer holds the rest.

/// Why a body could not be read to its end.
public enum HTTPBodyError: Error, Sendable, Hashable {
    /// Longer than the reader allows; answered with 413.
    case tooLarge(limit: Int)
    /// The client sent nothing, or too little, for too long; answered with 408.
    case timeout
    /// The connection ended first; nobody is there to be answered.
    case clientGone
    /// The framing was broken; answered with the parser's status.
    case malformed
}

/// The bytes of a request's body, as they arrive.
@safe
public final class HTTPRequestBody {
    static let bufferedBytesLimit = 65_536

    private let loop: EventLoop
    private var framing = HTTPBodyFraming.none
    private var buffered: [UInt8] = []
    /// Was read and given back; not counted as waiting, for the connection has nothing more to do with it.
    private var givenBack: [UInt8] = []
    private var ending: Ending?
    private var waiter: UnsafeContinuation<Void, Never>?
    /// Set by the connection while this is the body that it feeds.
    weak var source: (any HTTPBodySource)?

    private enum Ending {
        case complete
        case failed(HTTPBodyError)
    }

    init(loop: EventLoop) {
        self.loop = loop
    }

    func begin(_ framing: HTTPBodyFraming) {
        self.framing = framing
        buffered.removeAll(keepingCapacity: false)
        givenBack = []
        ending = framing == .none || framing == .contentLength(0) ? .complete : nil
        source = nil
    }

    // MARK: For the handler

    /// The length that the client announced; nil for a chunked body, 0 where there is none.
    public var declaredLength: Int? {
        switch framing {
        case .none: 0
        case .contentLength(let length): length
        case .chunked: nil
        }
    }

    /// The next bytes, or nil at the end. Suspends until there are some.
    ///
    /// The first call sends `100 Continue` to a client that waits for it. Cancelling the task ends the wait with
    /// ``HTTPBodyError/clientGone``: a handler is cancelled when its client has left or its time is up.
    public func next() async throws(HTTPBodyError) -> [UInt8]? {
        if !givenBack.isEmpty {
            defer { givenBack = [] }
            return givenBack
        }
        while true {
            if !buffered.isEmpty {
                let bytes = buffered
                buffered = []
                source?.bodyConsumed()
                return bytes
            }
            switch ending {
            case .complete: return nil
            case .failed(let error): throw error
            case nil: break
            }
            guard !Task.isCancelled else { throw .clientGone }
            source?.bodyWanted()
            await unsafe withUnsafeContinuation { unsafe waiter = $0 }
        }
    }

    /// The whole body.
    /// - Throws: ``HTTPBodyError/tooLarge(limit:)`` before anything is read where the announced length is over `maxBytes`.
    public func collect(upTo maxBytes: Int) async throws(HTTPBodyError) -> [UInt8] {
        if let declaredLength, declaredLength > maxBytes { throw .tooLarge(limit: maxBytes) }
        var collected: [UInt8] = []
        while let bytes = try await next() {
            guard bytes.count <= maxBytes - collected.count else { throw .tooLarge(limit: maxBytes) }
            if collected.isEmpty { collected = bytes } else { collected.append(contentsOf: bytes) }
        }
        return collected
    }

    /// Gives back what was read: the next one to read gets it first. For whoever looks at a body before its handler does.
    public func unread(_ bytes: [UInt8]) {
        givenBack = bytes + givenBack
    }

    // MARK: For the connection

    var isComplete: Bool {
        if case .complete = ending { return true }
        return false
    }

    var isFull: Bool { buffered.count >= HTTPRequestBody.bufferedBytesLimit }

    var bufferedBytes: Int { buffered.count }

    /// Whether the handler waits for bytes right now.
    var isAwaited: Bool { unsafe waiter != nil }

    var failure: HTTPBodyError? {
        if case .failed(let error) = ending { return error }
        return nil
    }

    func feed(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe buffered.append(contentsOf: $0) }
        wake()
    }

    func finish() {
        if ending == nil { ending = .complete }
        wake()
    }

    func fail(_ error: HTTPBodyError) {
        if ending == nil { ending = .failed(error) }
        wake()
    }

    /// The handler has answered without reading to the end: what still comes is of no use.
    func discard() {
        buffered = []
        givenBack = []
    }

    private func wake() {
        guard let waiter = unsafe waiter else { return }
        unsafe self.waiter = nil
        unsafe waiter.resume()
    }
}

/// What a body asks of the connection that feeds it.
protocol HTTPBodySource: AnyObject {
    /// The handler waits for bytes: send `100 Continue` if that is what the client waits for.
    func bodyWanted()
    /// There is room again.
    func bodyConsumed()
}
