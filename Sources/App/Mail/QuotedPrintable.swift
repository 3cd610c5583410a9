// Text as mail servers leave it alone. Pure.

/// Quoted-printable (RFC 2045 6.7): lines of at most 76 characters, and no byte that a server could stumble over.
enum QuotedPrintable {
    private static let maxLine = 76

    /// - Parameter text: lines end with LF, CRLF or CR.
    /// - Returns: ends with CRLF.
    static func text(_ text: String) -> String {
        var encoded: [UInt8] = []
        for line in text.replacing("\r\n", with: "\n").replacing("\r", with: "\n").split(separator: "\n", omittingEmptySubsequences: false)
        {
            append(Array(line.utf8), to: &encoded)
            encoded += [0x0D, 0x0A]
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func append(_ line: [UInt8], to encoded: inout [UInt8]) {
        var column = 0
        for (index, byte) in line.enumerated() {
            // White space at the end of a line does not survive every server.
            let isLast = index == line.count - 1
            let isPlain = (byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "=")) || ((byte == 0x20 || byte == 0x09) && !isLast)
            let width = isPlain ? 1 : 3
            if column + width > maxLine - 1 {
                encoded += [UInt8(ascii: "="), 0x0D, 0x0A]
                column = 0
            }
            if isPlain {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "="), HexDigit.uppercase(byte >> 4), HexDigit.uppercase(byte & 0x0F)]
            }
            column += width
        }
    }
}
