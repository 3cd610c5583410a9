// The fields behind a chunked body (RFC 9112 7.1.2): held to the rules of the header section, and then forgotten. Pure.

/// Checks a trailer section a byte at a time. Keeps the line it is in, and of the others only how long they were.
struct TrailerSection: Sendable {
    private let maxBytes: Int
    private let maxFields: Int
    /// The line that is not complete; empty, and so without storage, for nearly every body.
    private var line: [UInt8] = []
    private var byteCount = 0
    private var fieldCount = 0
    private var hasReturn = false

    init(maxBytes: Int, maxFields: Int) {
        self.maxBytes = maxBytes
        self.maxFields = maxFields
    }

    /// Takes one byte; true when it ended the section.
    mutating func take(_ byte: UInt8) throws(HTTPParseError) -> Bool {
        byteCount += 1
        guard byteCount <= maxBytes else { throw .trailersTooLarge }
        if hasReturn {
            guard byte == 0x0A else { throw refusal }
            hasReturn = false
            if line.isEmpty { return true }
            try checkLine()
            line.removeAll(keepingCapacity: true)
            return false
        }
        if byte == 0x0D {
            hasReturn = true
            return false
        }
        guard HTTPCharacters.isFieldValue(byte) else { throw byte == 0x0A ? .invalidLineEnding : refusal }
        // RFC 9112 5.2: folding is obsolete.
        if line.isEmpty, HTTPCharacters.isWhitespace(byte) { throw .foldedField }
        line.append(byte)
        return false
    }

    /// What a control byte spoils: the part of the line that it stands in.
    private var refusal: HTTPParseError { line.contains(UInt8(ascii: ":")) ? .invalidFieldValue : .invalidFieldName }

    private mutating func checkLine() throws(HTTPParseError) {
        fieldCount += 1
        guard fieldCount <= maxFields else { throw .tooManyFields }
        let bytes = unsafe line.span.bytes
        let name = try HTTPFieldLine.parse(bytes, 0..<bytes.byteCount).name
        if TrailerSection.isForbidden(bytes, name) { throw .forbiddenTrailer }
    }

    /// RFC 9110 6.5.1: what frames, routes or authenticates a message, or rules its connection, has no place behind it.
    private static func isForbidden(_ bytes: RawSpan, _ name: Range<Int>) -> Bool {
        switch name.count {
        case 2: bytes.equals("te", in: name)
        case 4: bytes.equals("host", in: name)
        case 6: bytes.equals("expect", in: name) || bytes.equals("cookie", in: name)
        case 7: bytes.equals("trailer", in: name) || bytes.equals("upgrade", in: name)
        case 10: bytes.equals("connection", in: name) || bytes.equals("keep-alive", in: name)
        case 13: bytes.equals("authorization", in: name)
        case 14: bytes.equals("content-length", in: name)
        case 16: bytes.equals("proxy-connection", in: name)
        case 17: bytes.equals("transfer-encoding", in: name)
        default: false
        }
    }
}
