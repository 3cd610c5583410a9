// One request as its handler sees it. Loop-bound; valid while its handler runs: afterwards the connection takes it back and
// uses its storage for the next one, so that a request allocates nothing that the one before it had already.

/// A request whose head has arrived; its body may still be on its way.
public final class HTTPRequest {
    public let loop: EventLoop
    public internal(set) var remoteAddress: SocketAddress
    /// The body, read by the handler as it arrives.
    public let body: HTTPRequestBody
    /// What the responder calls this request; nil until it has given it a name. A refusal by the server goes by it too.
    public var name: String?

    /// The answer is written; what still comes of the body is not kept.
    var isAnswered = false
    var isContinueSent = false

    /// Offsets into `bytes`.
    private var head: HTTPRequestHead
    private var bytes = ByteBuffer()

    init(loop: EventLoop, remoteAddress: SocketAddress) {
        self.loop = loop
        self.remoteAddress = remoteAddress
        head = HTTPRequestHead()
        body = HTTPRequestBody(loop: loop)
    }

    /// Takes over a head: its bytes, and where in them everything is. The parser gets this request's old storage in exchange.
    func take(_ head: inout HTTPRequestHead, _ bytes: RawSpan, remoteAddress: SocketAddress) {
        swap(&self.head, &head)
        self.bytes.removeAll(keepingCapacity: true)
        self.bytes.append(bytes)
        self.remoteAddress = remoteAddress
        name = nil
        isAnswered = false
        isContinueSent = false
        body.begin(self.head.framing)
    }

    public var method: HTTPMethod { head.method }
    public var isHTTP11: Bool { head.minorVersion >= 1 }
    /// Whether the client wants the connection to live on.
    public var isKeepAlive: Bool { head.isKeepAlive }
    var expectsContinue: Bool { head.expectsContinue }
    var framing: HTTPBodyFraming { head.framing }

    /// The request target as it was sent.
    public var target: Text { text(head.target) }
    /// The path as it was sent: still percent-encoded, without the query.
    public var path: Text { text(head.path) }
    /// What follows the `?`, still percent-encoded; nil where there is none.
    public var query: Text? { head.query.map(text) }

    /// Hands the path's bytes, percent-encoded, to a router that makes no strings.
    public func withPathBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        let path = head.path
        return try unsafe bytes.withUnsafeBytes { (buffer) throws(E) -> R in
            // SAFETY: the span ends with the call that it is handed to, and the buffer outlives that.
            try unsafe body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[path])))
        }
    }

    /// Whether the path is exactly this, byte for byte. Makes no string.
    public func hasPath(_ path: StaticString) -> Bool {
        guard head.path.count == path.utf8CodeUnitCount else { return false }
        return withPathBytes { bytes in
            // SAFETY: both run for `utf8CodeUnitCount` bytes.
            unsafe bytes.withUnsafeBytes { unsafe $0.elementsEqual(UnsafeBufferPointer(start: path.utf8Start, count: $0.count)) }
        }
    }

    /// The first field of that name, its value without the white space around it.
    /// - Parameter name: in lower case.
    public func header(_ name: StaticString) -> Text? {
        field(name).map(text)
    }

    /// Whether there is such a field. Makes no string.
    /// - Parameter name: in lower case.
    public func hasHeader(_ name: StaticString) -> Bool {
        field(name) != nil
    }

    /// The values of every field of that name, in order.
    /// - Parameter name: in lower case.
    public func headers(_ name: StaticString) -> [Text] {
        let bytes = bytes
        return head.allFields(named: name, in: bytes.bytes).map(text)
    }

    private func field(_ name: StaticString) -> Range<Int>? {
        let bytes = bytes
        return head.firstField(named: name, in: bytes.bytes)
    }

    private func text(_ range: Range<Int>) -> Text {
        // Field values may hold obs-text (RFC 9110 5.5), which need not be UTF-8: decoding repairs, and never fails.
        // SAFETY: the memory is that of a buffer of bytes. Typed, it spares the array that the standard library makes of a raw buffer.
        unsafe bytes.withUnsafeBytes {
            unsafe Text(decoding: UnsafeRawBufferPointer(rebasing: $0[range]).assumingMemoryBound(to: UInt8.self))
        }
    }
}
