// Whether bytes are text: UTF-8 without the controls that no text has. Fed at any split. Pure.

/// Looks at a file's bytes, piece by piece.
struct TextScan {
    /// What the next byte must be for the character that has begun; nil between characters.
    private var continuation: (range: ClosedRange<UInt8>, remaining: Int)?

    /// Between two characters: where a text may end.
    var isComplete: Bool { continuation == nil }

    /// False where the bytes so far are no text; then they will not become one.
    mutating func take(_ bytes: [UInt8]) -> Bool {
        for byte in bytes where !take(byte) { return false }
        return true
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        if let (range, remaining) = continuation {
            continuation = remaining > 1 ? (0x80...0xBF, remaining - 1) : nil
            return range.contains(byte)
        }
        // Unicode 15, table 3-7: no overlong forms, no surrogates, nothing behind U+10FFFF.
        switch byte {
        case 0x09, 0x0A, 0x0C, 0x0D, 0x1B, 0x20...0x7E: return true
        case 0xC2...0xDF: continuation = (0x80...0xBF, 1)
        case 0xE0: continuation = (0xA0...0xBF, 2)
        case 0xE1...0xEC, 0xEE...0xEF: continuation = (0x80...0xBF, 2)
        case 0xED: continuation = (0x80...0x9F, 2)
        case 0xF0: continuation = (0x90...0xBF, 3)
        case 0xF1...0xF3: continuation = (0x80...0xBF, 3)
        case 0xF4: continuation = (0x80...0x8F, 3)
        default: return false
        }
        return true
    }
}
