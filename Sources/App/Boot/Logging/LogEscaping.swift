// Text from anywhere, made safe for a line of a log and for a terminal. Pure.

/// Escapes control characters, the newline above all: whoever can put one into a log can forge its lines, and an escape
/// sequence rewrites what a terminal shows.
enum LogEscaping {
    static func append(_ text: String, to line: inout [UInt8]) {
        append(text, quoted: false, to: &line)
    }

    /// The same in quotation marks where a reader could not tell where it ends.
    static func appendQuotingSpaces(_ text: String, to line: inout [UInt8]) {
        let isAmbiguous =
            text.isEmpty || text.utf8.contains { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "=") }
        append(text, quoted: isAmbiguous, to: &line)
    }

    private static func append(_ text: String, quoted: Bool, to line: inout [UInt8]) {
        if quoted { line.append(UInt8(ascii: "\"")) }
        var previous: UInt8 = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\n"): line.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\r"): line.append(contentsOf: "\\r".utf8)
            case UInt8(ascii: "\t"): line.append(contentsOf: "\\t".utf8)
            case UInt8(ascii: "\"") where quoted: line.append(contentsOf: "\\\"".utf8)
            case 0..<0x20, 0x7F: appendEscape(byte, to: &line)
            case 0x80..<0xA0 where previous == 0xC2:
                // U+0080 to U+009F are control characters too; in UTF-8 they begin with C2.
                line.removeLast()
                appendEscape(byte, to: &line)
            default: line.append(byte)
            }
            previous = byte
        }
        if quoted { line.append(UInt8(ascii: "\"")) }
    }

    private static func appendEscape(_ byte: UInt8, to line: inout [UInt8]) {
        line.append(contentsOf: "\\x".utf8)
        line.append(HexDigit.lowercase(byte >> 4))
        line.append(HexDigit.lowercase(byte & 0x0F))
    }
}
