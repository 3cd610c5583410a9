// The fields that decide where a message ends and what becomes of its connection: noted as they are parsed, weighed when the
// section is complete. Pure.

/// What a header section has said so far about framing.
struct FramingFields: Sendable {
    private enum TransferEncoding: Sendable {
        case none
        case chunked
        /// Well-formed, and nothing that is known here.
        case unknown
    }

    private var hasHost = false
    private var contentLength: Int?
    private var transferEncoding = TransferEncoding.none
    private var saysClose = false
    private var saysKeepAlive = false
    private var expectsContinue = false
    private var hasUnknownExpectation = false

    init() {}

    /// Looks at one field; most are dismissed by their name's length.
    @inline(__always)
    mutating func note(_ field: HTTPRequestHead.Field, _ bytes: RawSpan) throws(HTTPParseError) {
        switch field.name.count {
        case 4: if bytes.equals("host", in: field.name) { try noteHost(bytes, field.value) }
        case 6: if bytes.equals("expect", in: field.name) { noteExpectation(bytes, field.value) }
        case 10: if bytes.equals("connection", in: field.name) { try noteConnection(bytes, field.value) }
        case 14: if bytes.equals("content-length", in: field.name) { try noteContentLength(bytes, field.value) }
        case 17: if bytes.equals("transfer-encoding", in: field.name) { try noteTransferEncoding(bytes, field.value) }
        default: break
        }
    }

    /// Weighs the complete section. Syntax and framing come first (400), then what we do not have (501), then what we will not do
    /// (417): which of several faults is answered does not hang on the order of the fields.
    @inline(__always)
    func apply(to head: inout HTTPRequestHead) throws(HTTPParseError) {
        // RFC 9112 3.2: exactly one Host in HTTP/1.1.
        if !hasHost, head.minorVersion >= 1 { throw .missingHost }
        if transferEncoding != .none {
            // RFC 9112 6.1: both together are a smuggling vector, and HTTP/1.0 knows no transfer codings.
            if contentLength != nil { throw .contentLengthWithTransferEncoding }
            if head.minorVersion == 0 { throw .invalidTransferEncoding }
            if transferEncoding == .unknown { throw .unknownTransferCoding }
            head.framing = .chunked
        } else if let contentLength {
            head.framing = .contentLength(contentLength)
        }
        if hasUnknownExpectation { throw .unknownExpectation }
        // RFC 9110 10.1.1: an HTTP/1.0 client's is ignored.
        head.expectsContinue = expectsContinue && head.minorVersion >= 1
        // RFC 9112 9.3: `close` wins over anything that another element or field says.
        head.isKeepAlive = !saysClose && (head.minorVersion >= 1 || saysKeepAlive)
    }

    @inline(__always)
    private mutating func noteHost(_ bytes: RawSpan, _ value: Range<Int>) throws(HTTPParseError) {
        guard !hasHost else { throw .repeatedHost }
        guard HTTPHost.isValid(bytes, value) else { throw .invalidHost }
        hasHost = true
    }

    private mutating func noteExpectation(_ bytes: RawSpan, _ value: Range<Int>) {
        if bytes.equals("100-continue", in: value) { expectsContinue = true } else { hasUnknownExpectation = true }
    }

    private mutating func noteConnection(_ bytes: RawSpan, _ value: Range<Int>) throws(HTTPParseError) {
        var rest: Range<Int>? = value
        while let option = bytes.nextElement(of: &rest) {
            if bytes.equals("close", in: option) {
                saysClose = true
            } else if bytes.equals("keep-alive", in: option) {
                saysKeepAlive = true
            } else {
                // Empty elements are ignored (RFC 9110 5.6.1). What is no token might be `close` to the next program.
                guard bytes.isToken(option) || option.isEmpty else { throw .invalidConnection }
            }
        }
    }

    /// Digits and nothing else: no sign, no space, no list, no overflow. RFC 9110 8.6 lets a recipient collapse equal values;
    /// refusing them is simpler to be right about.
    private mutating func noteContentLength(_ bytes: RawSpan, _ value: Range<Int>) throws(HTTPParseError) {
        guard contentLength == nil else { throw .repeatedContentLength }
        guard !value.isEmpty else { throw .invalidContentLength }
        var length = 0
        for position in value {
            let byte = bytes.octet(position)
            guard HTTPCharacters.isDigit(byte) else { throw .invalidContentLength }
            let (scaled, overflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(Int(byte &- 0x30))
            guard !overflow, !carry else { throw .invalidContentLength }
            length = sum
        }
        contentLength = length
    }

    /// `chunked`, alone. A coding that we do not have is 501 (RFC 9112 6.1); a list in which chunked is not the last, or comes
    /// twice, cannot be framed at all and is 400 (6.3).
    private mutating func noteTransferEncoding(_ bytes: RawSpan, _ value: Range<Int>) throws(HTTPParseError) {
        guard transferEncoding == .none else { throw .invalidTransferEncoding }
        // A tab behind the value is white space to RFC 9110 5.5 and part of the coding's name to llhttp, which then takes the body
        // to be unframed. Nobody writes one but to find such a difference.
        var behind = value.upperBound
        while bytes.octet(behind) == 0x20 { behind += 1 }
        guard bytes.octet(behind) != 0x09 else { throw .invalidTransferEncoding }
        if bytes.equals("chunked", in: value) {
            transferEncoding = .chunked
            return
        }
        var isChunkedSeen = false
        var rest: Range<Int>? = value
        while let coding = bytes.nextElement(of: &rest) {
            guard !isChunkedSeen, bytes.isToken(coding) else { throw .invalidTransferEncoding }
            isChunkedSeen = bytes.equals("chunked", in: coding)
        }
        transferEncoding = .unknown
    }
}
