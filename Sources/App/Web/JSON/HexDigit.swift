// Hexadecimal digits, for JSON's \u escapes, percent-encoding, UUIDs and whatever is named by 64 bits. Pure.

enum HexDigit {
    /// The value of an ASCII hexadecimal digit, 0 to 15, or nil.
    static func value(of byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// `value` (0 to 15) as a lower-case ASCII digit.
    static func lowercase(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// `value` (0 to 15) as an upper-case ASCII digit, as percent-encoding has it (RFC 3986 section 2.1).
    static func uppercase(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}

extension [UInt8] {
    /// Appends sixteen lower-case digits, leading zeros included.
    mutating func append(hexadecimal word: UInt64) {
        var rest = word
        for _ in 0..<16 {
            append(HexDigit.lowercase(UInt8(truncatingIfNeeded: rest &>> 60)))
            rest &<<= 4
        }
    }
}
