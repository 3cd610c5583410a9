// What the server refuses without a handler, and what is known of the request then. A value; loop-bound, as its request is.

/// A request, or a connection, that gets a response from the server itself, after which the connection is closed.
public struct HTTPRefusal {
    /// The code of the response, in clear, to a request in clear on a port for TLS.
    public static let tlsRequired = "TLS_REQUIRED"

    /// What the response says unless the responder chooses another status; 4xx or 5xx.
    public let status: HTTPStatus
    /// Stable, for programs: `REQUEST_TIMEOUT`, `HANDLER_TIMEOUT`, `TOO_MANY_CONNECTIONS`, or the status in words.
    public let code: String
    /// The request whose body or handler was at fault; nil where its head could not be parsed, or has not arrived.
    public let request: HTTPRequest?
    /// What has arrived of a head that could not be parsed.
    private let head: [UInt8]

    init(_ status: HTTPStatus, code: String, request: HTTPRequest?, head: [UInt8] = []) {
        self.status = status
        self.code = code
        self.request = request
        self.head = head
    }

    /// The first field of that name, without the white space around its value. Of a head that could not be parsed it is the
    /// first line that looks like that field: a browser's script may read a refusal only if its `Origin` was found.
    /// - Parameter name: in lower case.
    /// - Complexity: linear in the head, which is bounded by ``HTTPLimits``.
    public func header(_ name: StaticString) -> Text? {
        if let request { return request.header(name) }
        // SAFETY: the bytes of an array are initialized.
        let bytes = unsafe head.span.bytes
        var start = 0
        while start < bytes.byteCount {
            var end = start
            while end < bytes.byteCount, bytes.octet(end) != 0x0A { end += 1 }
            // A line that has not ended may be half a value.
            guard end < bytes.byteCount else { return nil }
            let line = start..<(end > start && bytes.octet(end - 1) == 0x0D ? end - 1 : end)
            // The head has ended; but blank lines before a request line are skipped.
            if line.isEmpty, line.lowerBound > 2 { return nil }
            if let value = HTTPRefusal.value(of: name, bytes, line) { return Text(decoding: Array(head[value])) }
            start = end + 1
        }
        return nil
    }

    private static func value(of name: StaticString, _ bytes: RawSpan, _ line: Range<Int>) -> Range<Int>? {
        let colon = line.lowerBound + name.utf8CodeUnitCount
        guard colon < line.upperBound, bytes.octet(colon) == UInt8(ascii: ":"), bytes.equals(name, in: line.lowerBound..<colon) else {
            return nil
        }
        let value = bytes.trimmed(colon + 1..<line.upperBound)
        return bytes.firstControl(in: value) == value.upperBound ? value : nil
    }
}
