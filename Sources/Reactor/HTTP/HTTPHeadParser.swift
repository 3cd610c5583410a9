// The request-head parser: bytes in, a head out. Pure: no I/O, no clock, and in its steady state no allocation.
//
// It works by lines, and remembers how far it has looked: a head that comes a byte at a time is looked at once, not once a byte.
// A line's end is found first, by eight bytes at a time, and everything that no line may hold with it; then the line is parsed.
// So the verdict depends on the bytes alone, never on how they were split: whatever is refused is refused at the same byte.
//
// Strictness is the point (RFC 9112 2.2, 11.2): a parser that is kinder than the proxy in front of it is a smuggling vector.

/// Parses one request head after another.
public struct HTTPHeadParser: Sendable {
    public let limits: HTTPLimits
    /// What has been parsed; complete once ``parse(_:)`` has returned a length.
    public internal(set) var head = HTTPRequestHead()

    /// Where the line begins that is not complete.
    private var lineStart = 0
    /// Up to where the line's end has been looked for.
    private var searched = 0
    private var hasRequestLine = false
    private var sectionStart = 0
    private var skippedLines = 0
    private var framing = FramingFields()

    public init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
    }

    /// Forgets everything but the storage.
    public mutating func reset() {
        head.reset()
        lineStart = 0
        searched = 0
        hasRequestLine = false
        sectionStart = 0
        skippedLines = 0
        framing = FramingFields()
    }

    /// Parses as far as the bytes go. After an error, only ``reset()`` may follow.
    /// - Parameter bytes: everything from the head's first byte on: the same bytes as in the last call, and those that came
    ///   since.
    /// - Returns: the head's length when it is complete, blank line included; nil when more is needed.
    public mutating func parse(_ bytes: RawSpan) throws(HTTPParseError) -> Int? {
        while let lineEnd = try endOfLine(bytes) {
            let line = lineStart..<lineEnd
            lineStart = lineEnd &+ 2
            searched = lineStart
            if hasRequestLine {
                if line.isEmpty {
                    try framing.apply(to: &head)
                    return lineStart
                }
                guard head.fields.count < limits.maxHeaderFields else { throw .tooManyFields }
                let field = try HTTPFieldLine.parse(bytes, line)
                head.fields.append(field)
                try framing.note(field, bytes)
            } else if line.isEmpty {
                // RFC 9112 2.2: an empty line before the request line is an old client's, and skipped. Two are plenty.
                skippedLines &+= 1
                guard skippedLines <= 2 else { throw .invalidRequestLine }
            } else {
                try parseRequestLine(bytes, line)
                hasRequestLine = true
                sectionStart = lineStart
            }
        }
        return nil
    }

    // MARK: Lines

    /// Where the line that begins at `lineStart` ends: the place of its CR LF; nil when that has not arrived.
    @inline(__always)
    private mutating func endOfLine(_ bytes: RawSpan) throws(HTTPParseError) -> Int? {
        // Limits count the line ending: the first byte past them is one too many, whether the line has ended or not.
        let limit = hasRequestLine ? sectionStart &+ limits.maxHeaderBytes : lineStart &+ limits.maxRequestLineBytes
        let available = min(bytes.byteCount, limit)
        if searched == lineStart, lineStart < available { try checkFirst(bytes.octet(lineStart)) }
        let position = bytes.firstControl(in: min(searched, available)..<available)
        searched = position
        if position < available {
            guard bytes.octet(position) == 0x0D else { throw refusal(bytes, at: position) }
            // RFC 9112 2.2: a bare CR is no line ending, and nothing else either.
            if position &+ 1 < available {
                guard bytes.octet(position &+ 1) == 0x0A else { throw refusal(bytes, at: position) }
                return position
            }
        }
        if bytes.byteCount > limit { throw hasRequestLine ? .headerTooLarge : .requestLineTooLong }
        return nil
    }

    /// What can never become a request need not be waited for: a TLS handshake on this port, or a folded line.
    @inline(__always)
    private func checkFirst(_ byte: UInt8) throws(HTTPParseError) {
        if hasRequestLine {
            if HTTPCharacters.isWhitespace(byte) { throw .foldedField }
        } else if !HTTPCharacters.token.contains(byte), byte != 0x0D, byte != 0x0A {
            throw .invalidRequestLine
        }
    }

    /// What the control byte at `position` spoils: the part of the line that it stands in.
    private func refusal(_ bytes: RawSpan, at position: Int) -> HTTPParseError {
        if bytes.octet(position) == 0x0A { return .invalidLineEnding }
        let separator = hasRequestLine ? UInt8(ascii: ":") : UInt8(ascii: " ")
        var separators = 0
        for index in lineStart..<position where bytes.octet(index) == separator { separators += 1 }
        if hasRequestLine { return separators == 0 ? .invalidFieldName : .invalidFieldValue }
        switch separators {
        case 0: return .invalidMethod
        case 1: return .invalidTarget
        default: return .invalidRequestLine
        }
    }

    // MARK: Request line (RFC 9112 3)

    @inline(__always)
    private mutating func parseRequestLine(_ bytes: RawSpan, _ line: Range<Int>) throws(HTTPParseError) {
        var position = line.lowerBound
        while position < line.upperBound, HTTPCharacters.token.contains(bytes.octet(position)) { position &+= 1 }
        guard position > line.lowerBound, position < line.upperBound, bytes.octet(position) == 0x20 else { throw .invalidMethod }
        // One space on either side of the target, in which there is none: the version stands at a fixed distance from the end.
        let target = position &+ 1..<max(position &+ 1, line.upperBound &- 9)
        guard !target.isEmpty, bytes.octet(target.upperBound) == 0x20 else { throw .invalidRequestLine }
        // Now the line has twelve bytes or more, `A / HTTP/1.1`, and eight may be read from either end.
        try parseVersion(bytes, at: line.upperBound &- 8)
        let method = HTTPMethod(word: bytes.word(line.lowerBound), length: position &- line.lowerBound)
        if method == .connect { throw HTTPTarget.isAuthority(bytes, target) ? .noTunnels : .invalidTarget }
        let parts = try HTTPTarget(bytes, target)
        guard let method = method ?? HTTPMethod(registered: bytes.extracting(line.lowerBound..<position)) else { throw .unknownMethod }
        // RFC 9112 3.2.4: `*` is for OPTIONS.
        if parts.form == .asterisk, method != .options { throw .invalidTarget }
        head.method = method
        head.target = target
        head.path = parts.path
        head.query = parts.query
    }

    @inline(__always)
    private mutating func parseVersion(_ bytes: RawSpan, at start: Int) throws(HTTPParseError) {
        let http11: UInt64 = 0x312E_312F_5054_5448
        let version = bytes.word(start)
        if version == http11 { return }
        // The two digits are the sixth byte and the last.
        let digits: UInt64 = 0xFF00_FF00_0000_0000
        let major = UInt8(truncatingIfNeeded: version &>> 40)
        let minor = UInt8(truncatingIfNeeded: version &>> 56)
        guard version & ~digits == http11 & ~digits, HTTPCharacters.isDigit(major), HTTPCharacters.isDigit(minor) else {
            throw .invalidVersion
        }
        guard major == UInt8(ascii: "1") else { throw .unsupportedVersion }
        // RFC 9110 2.5: a higher minor version is processed as 1.1, the highest that is known here.
        if minor == UInt8(ascii: "0") { head.minorVersion = 0 }
    }
}

extension HTTPMethod {
    /// The method that is the first `length` bytes of `word`, of those that clients of an API send; nil for any other name.
    @inline(__always)
    init?(word: UInt64, length: Int) {
        // None of these has more than seven bytes. A constant is the name read from its end: "TEG".
        guard length <= 7 else { return nil }
        switch word & (1 &<< UInt64(length &* 8) &- 1) {
        case 0x54_4547: self = .get
        case 0x5453_4F50: self = .post
        case 0x54_5550: self = .put
        case 0x4554_454C_4544: self = .delete
        case 0x48_4354_4150: self = .patch
        case 0x4441_4548: self = .head
        case 0x53_4E4F_4954_504F: self = .options
        case 0x45_4341_5254: self = .trace
        case 0x54_4345_4E4E_4F43: self = .connect
        default: return nil
        }
    }
}
