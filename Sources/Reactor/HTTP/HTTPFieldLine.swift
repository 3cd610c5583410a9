// One field line, `name: value`, of a header or trailer section (RFC 9112 5). Pure.

enum HTTPFieldLine {
    /// Parses a line without its line ending, in which no control stands (`RawSpan.firstControl`): what is left to check is the
    /// name.
    @inline(__always)
    static func parse(_ bytes: RawSpan, _ line: Range<Int>) throws(HTTPParseError) -> HTTPRequestHead.Field {
        var position = line.lowerBound
        while position < line.upperBound, HTTPCharacters.token.contains(bytes.octet(position)) { position &+= 1 }
        // RFC 9112 5.1: no white space between name and colon; 5.2: a line that begins with some is a fold, which is obsolete.
        guard position > line.lowerBound, position < line.upperBound, bytes.octet(position) == UInt8(ascii: ":") else {
            throw .invalidFieldName
        }
        return HTTPRequestHead.Field(
            name: line.lowerBound..<position, value: bytes.trimmed(position &+ 1..<line.upperBound))
    }
}
