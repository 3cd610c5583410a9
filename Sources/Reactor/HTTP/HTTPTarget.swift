// The request target's four forms (RFC 9112 3.2). Pure.

/// Where the parts of a target stand.
struct HTTPTarget {
    /// What a target may look like; each form has its methods.
    enum Form {
        case origin
        case absolute
        case asterisk
    }

    var form: Form
    /// `*` for the asterisk form, and never empty.
    var path: Range<Int>
    var query: Range<Int>?

    /// - Parameter range: not empty.
    /// - Throws: `invalidTarget`; also for the authority form, which is CONNECT's alone, and looked at by ``isAuthority(_:_:)``.
    @inline(__always)
    init(_ bytes: RawSpan, _ range: Range<Int>) throws(HTTPParseError) {
        if bytes.octet(range.lowerBound) == UInt8(ascii: "/") {
            form = .origin
            (path, query) = try HTTPTarget.pathAndQuery(bytes, range)
        } else if range.count == 1, bytes.octet(range.lowerBound) == UInt8(ascii: "*") {
            form = .asterisk
            path = range
            query = nil
        } else {
            form = .absolute
            let rest = try HTTPTarget.afterAuthority(bytes, range)
            (path, query) = try HTTPTarget.pathAndQuery(bytes, rest)
            // An empty path means "/" (RFC 9110 4.2.3), which stands in front of every authority.
            if path.isEmpty { path = HTTPTarget.slashBeforeAuthority(bytes, range) }
        }
    }

    /// The form that CONNECT has: `host:port` (RFC 9112 3.2.3). It is told apart only to be refused for what it is: an origin
    /// server has no tunnels to offer (RFC 9110 9.3.6).
    static func isAuthority(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
        guard HTTPHost.isValid(bytes, range) else { return false }
        for position in range where bytes.octet(position) == UInt8(ascii: ":") { return true }
        return false
    }

    /// The second slash of `http://` or `https://`.
    private static func slashBeforeAuthority(_ bytes: RawSpan, _ range: Range<Int>) -> Range<Int> {
        var position = range.lowerBound
        while bytes.octet(position) != UInt8(ascii: "/") { position += 1 }
        return position + 1..<position + 2
    }

    /// What follows `http://host:port`. Host is ignored then, and so is what this says beyond being valid: there is one origin here.
    private static func afterAuthority(_ bytes: RawSpan, _ range: Range<Int>) throws(HTTPParseError) -> Range<Int> {
        var start = range.lowerBound
        if range.count > 7, bytes.equals("http://", in: start..<start + 7) {
            start += 7
        } else if range.count > 8, bytes.equals("https://", in: start..<start + 8) {
            start += 8
        } else {
            throw .invalidTarget
        }
        var end = start
        while end < range.upperBound, bytes.octet(end) != UInt8(ascii: "/"), bytes.octet(end) != UInt8(ascii: "?") { end += 1 }
        guard HTTPHost.isValid(bytes, start..<end) else { throw .invalidTarget }
        return end..<range.upperBound
    }

    @inline(__always)
    private static func pathAndQuery(_ bytes: RawSpan, _ range: Range<Int>) throws(HTTPParseError) -> (Range<Int>, Range<Int>?) {
        let pathEnd = try skip(HTTPCharacters.path, bytes, range)
        let path = range.lowerBound..<pathEnd
        guard pathEnd < range.upperBound else { return (path, nil) }
        guard bytes.octet(pathEnd) == UInt8(ascii: "?") else { throw .invalidTarget }
        let query = pathEnd + 1..<range.upperBound
        // A fragment is not sent to a server (RFC 9110 4.2.5), and nothing else ends a query.
        for position in query where !HTTPCharacters.query.contains(bytes.octet(position)) { throw .invalidTarget }
        return (path, query)
    }

    /// Where the run of `allowed` bytes and escapes ends. In a path a `%` that begins no escape is refused: what it names would
    /// depend on who decodes it.
    @inline(__always)
    private static func skip(_ allowed: HTTPCharacters.Set, _ bytes: RawSpan, _ range: Range<Int>) throws(HTTPParseError) -> Int {
        var position = range.lowerBound
        while position < range.upperBound {
            let byte = bytes.octet(position)
            if allowed.contains(byte) {
                position &+= 1
            } else if byte == UInt8(ascii: "%") {
                guard isEscape(bytes, position, range.upperBound) else { throw .invalidTarget }
                position &+= 3
            } else {
                break
            }
        }
        return position
    }

    /// Whether a `%` is followed by two hexadecimal digits.
    static func isEscape(_ bytes: RawSpan, _ position: Int, _ end: Int) -> Bool {
        end - position > 2 && HTTPCharacters.hexValue(bytes.octet(position + 1)) != nil
            && HTTPCharacters.hexValue(bytes.octet(position + 2)) != nil
    }
}
