// Entity tags: made of an answer's bytes, and compared with what a client has. Pure.

/// Strong entity tags.
enum EntityTag {
    /// A tag of 64 bits. It need not withstand an attacker: whoever makes two of his own answers collide misleads himself.
    static func strong(_ bytes: [UInt8]) -> String {
        var digits: [UInt8] = [UInt8(ascii: "\"")]
        digits.reserveCapacity(18)
        let hash = XXHash64.hash(bytes.span)
        for shift in stride(from: 60, through: 0, by: -4) {
            digits.append(HexDigit.lowercase(UInt8(truncatingIfNeeded: hash >> UInt64(shift)) & 0x0F))
        }
        digits.append(UInt8(ascii: "\""))
        return String(decoding: digits, as: UTF8.self)
    }

    /// Whether `condition`, an If-None-Match, names `tag`: weak comparison (RFC 9110 13.1.2), so `W/` does not count.
    static func matches(_ tag: String, _ condition: String) -> Bool {
        let wanted = opaque(tag[...])
        return condition.split(separator: ",").contains { candidate in
            let candidate = candidate.drop { $0 == " " || $0 == "\t" }
            let trimmed = candidate.prefix { $0 != " " && $0 != "\t" }
            return trimmed == "*" || opaque(trimmed) == wanted
        }
    }

    private static func opaque(_ tag: Substring) -> Substring {
        tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
    }
}
