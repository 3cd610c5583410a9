// Text from outside on its way into a log. A line break in it would forge a line. Pure.

import Reactor

enum LogText {
    static let maxBytes = 1_024

    /// Control characters, escape sequences of terminals among them, are spelled `\x{NN}`, and what is too long is cut.
    static func escaped(_ text: String) -> String { escaped(Text(text)) }

    static func escaped(_ text: Text) -> String {
        let isPlain = text.byteCount <= maxBytes && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
        // TEXT: ASCII, by the line above.
        guard !isPlain else { return text.swiftString }
        var escaped = ""
        for scalar in text.unicodeScalars {
            guard escaped.utf8.count < maxBytes else { return escaped + "..." }
            switch scalar.value {
            // C0, DEL, C1, and the two separators that some viewers break lines at.
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029:
                escaped += "\\x{" + String(scalar.value, radix: 16) + "}"
            case 0x5C: escaped += "\\\\"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
