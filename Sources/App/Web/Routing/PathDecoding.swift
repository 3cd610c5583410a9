// Percent-decoding of path segments, strictly: whatever could mean two things to two programs names nothing here. Pure.

import Reactor

/// Decodes one segment of a path.
enum PathDecoding {
    /// The text of a segment, or nil where it is malformed or could be a trick: a bad escape, ill-formed UTF-8, an encoded slash
    /// (which another program would split at), a backslash, a control character, `.` and `..` in any spelling.
    static func text(of path: Span<UInt8>, _ range: Range<Int>) -> Text? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            guard let byte = decodeByte(path, &index, end: range.upperBound) else { return nil }
            decoded.append(byte)
        }
        guard decoded != [UInt8(ascii: ".")], decoded != [UInt8(ascii: "."), UInt8(ascii: ".")] else { return nil }
        return Text(validating: decoded)
    }

    private static func decodeByte(_ path: Span<UInt8>, _ index: inout Int, end: Int) -> UInt8? {
        var byte = path[index]
        index += 1
        if byte == UInt8(ascii: "%") {
            guard index + 2 <= end, let high = HexDigit.value(of: path[index]), let low = HexDigit.value(of: path[index + 1]) else {
                return nil
            }
            byte = high << 4 | low
            index += 2
        }
        guard byte >= 0x20, byte != 0x7F, byte != UInt8(ascii: "/"), byte != UInt8(ascii: "\\") else { return nil }
        return byte
    }
}
