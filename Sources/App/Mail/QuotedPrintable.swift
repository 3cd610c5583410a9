// Text as mail servers leave it alone. Pure.

import Reactor

/// Quoted-printable (RFC 2045 6.7): lines of at most 76 characters, and no byte that a server could stumble over.
enum QuotedPrintable {
    private static let maxLine = 76

    /// - Parameter text: lines end with LF, CRLF or CR.
    /// - Returns: ends with CRLF.
    static func text(_ text: Text) -> String {
        var encoded: [UInt8] = []
        for line in lines(text.utf8) {
            append(line, to: &encoded)
            encoded += [0x0D, 0x0A]
        }
        return String(ascii: encoded)
    }

    private static func lines(_ bytes: some Sequence<UInt8>) -> [[UInt8]] {
        var lines: [[UInt8]] = [[]]
        var isAfterReturn = false
        for byte in bytes {
            if byte == 0x0D || (byte == 0x0A && !isAfterReturn) {
                lines.append([])
            } else if byte != 0x0A {
                lines[lines.count - 1].append(byte)
            }
            isAfterReturn = byte == 0x0D
        }
        return lines
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
