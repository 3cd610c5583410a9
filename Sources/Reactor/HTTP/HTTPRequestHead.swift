// A parsed request head: what it says, and where in its bytes. A value whose storage is used again for the next head.

/// How a message's body is delimited (RFC 9112 6).
public enum HTTPBodyFraming: Sendable, Hashable {
    case none
    case contentLength(Int)
    case chunked
}

/// A request line and header section, as offsets into the bytes that were parsed.
public struct HTTPRequestHead: Sendable {
    public internal(set) var method = HTTPMethod.get
    /// The request target as it was sent.
    public internal(set) var target = 0..<0
    /// Its path; never empty: `*` for the asterisk form, and the `/` of `http://` for an absolute form without a path.
    public internal(set) var path = 0..<0
    /// What follows the `?`.
    public internal(set) var query: Range<Int>?
    /// 0 for HTTP/1.0, else 1: a higher minor version is processed as 1.1 (RFC 9110 2.5).
    public internal(set) var minorVersion = 1
    public internal(set) var framing = HTTPBodyFraming.none
    /// Whether the client wants the connection to live on (RFC 9112 9.3).
    public internal(set) var isKeepAlive = true
    /// Whether the client waits for `100 Continue` before it sends the body.
    public internal(set) var expectsContinue = false
    public internal(set) var fields = ContiguousArray<Field>()

    /// Where one field's name and value stand; the value without the white space around it.
    public struct Field: Sendable, Hashable {
        private let nameStart: UInt32
        private let nameEnd: UInt32
        private let valueStart: UInt32
        private let valueEnd: UInt32

        /// Thirty-two bits each reach past any limit that can be set.
        @inline(__always)
        init(name: Range<Int>, value: Range<Int>) {
            nameStart = UInt32(truncatingIfNeeded: name.lowerBound)
            nameEnd = UInt32(truncatingIfNeeded: name.upperBound)
            valueStart = UInt32(truncatingIfNeeded: value.lowerBound)
            valueEnd = UInt32(truncatingIfNeeded: value.upperBound)
        }

        public var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        public var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    }

    public init() {}

    mutating func reset() {
        method = .get
        target = 0..<0
        path = 0..<0
        query = nil
        minorVersion = 1
        framing = .none
        isKeepAlive = true
        expectsContinue = false
        fields.removeAll(keepingCapacity: true)
    }

    /// The value of the first field of that name. Compares without case, and allocates nothing.
    /// - Parameters:
    ///   - name: in lower case.
    ///   - bytes: what was parsed.
    public func firstField(named name: StaticString, in bytes: RawSpan) -> Range<Int>? {
        checkBounds(bytes)
        for field in fields where bytes.equals(name, in: field.name) { return field.value }
        return nil
    }

    /// The values of all fields of that name, in order.
    /// - Parameters:
    ///   - name: in lower case.
    ///   - bytes: what was parsed.
    public func allFields(named name: StaticString, in bytes: RawSpan) -> [Range<Int>] {
        checkBounds(bytes)
        var values: [Range<Int>] = []
        for field in fields where bytes.equals(name, in: field.name) { values.append(field.value) }
        return values
    }

    /// Fields stand in order, so that the last one's end is the highest: other bytes than those parsed are our bug, and it must
    /// not become a read past their end.
    private func checkBounds(_ bytes: RawSpan) {
        precondition((fields.last?.value.upperBound ?? 0) <= bytes.byteCount, "the head was parsed from other bytes")
    }
}
