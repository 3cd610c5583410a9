// Bytes that are not UTF-8, made text all the same. Pure; any thread.
//
// `String(decoding:as:)` does this too, at 60 ns a byte where it repairs: ten times what well-formed text costs, and a client chooses
// which of them it sends.

/// Replaces ill-formed sequences by U+FFFD.
@usableFromInline
enum UTF8Repair {
    /// Every maximal part of a sequence that could have become a code point is one U+FFFD, and so is every other byte that begins none
    /// (Unicode 3.9, "U+FFFD Substitution of Maximal Subparts"; the Encoding standard of WHATWG asks for the same). O(bytes).
    @usableFromInline
    static func string(_ bytes: [UInt8]) -> String {
        var repaired: [UInt8] = []
        repaired.reserveCapacity(bytes.count + bytes.count / 2)
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            if byte < 0x80 {
                repaired.append(byte)
                position += 1
                continue
            }
            let (length, isWhole) = sequence(bytes, at: position)
            if isWhole {
                repaired.append(contentsOf: bytes[position..<position + length])
            } else {
                repaired.append(contentsOf: [0xEF, 0xBF, 0xBD])
            }
            position += length
        }
        return String(decoding: repaired, as: UTF8.self)
    }

    /// How many bytes from `position` on belong together, at least one, and whether they are a code point (Unicode 3.9, table 3-7).
    private static func sequence(_ bytes: [UInt8], at position: Int) -> (length: Int, isWhole: Bool) {
        let first = bytes[position]
        let following: Int
        // Of the second byte; the others are 80 to BF.
        var allowed: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: following = 1
        case 0xE0: (following, allowed) = (2, 0xA0...0xBF)
        case 0xED: (following, allowed) = (2, 0x80...0x9F)
        case 0xE1...0xEF: following = 2
        case 0xF0: (following, allowed) = (3, 0x90...0xBF)
        case 0xF4: (following, allowed) = (3, 0x80...0x8F)
        case 0xF1...0xF3: following = 3
        default: return (1, false)
        }
        for offset in 1...following {
            guard position + offset < bytes.count, allowed.contains(bytes[position + offset]) else { return (offset, false) }
            allowed = 0x80...0xBF
        }
        return (following + 1, true)
    }
}
