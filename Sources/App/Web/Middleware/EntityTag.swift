// Entity tags: made of an answer's bytes, and compared with what a client has. Pure.

import Reactor

/// Strong entity tags.
enum EntityTag {
    /// A tag of 64 bits. It need not withstand an attacker: whoever makes two of his own answers collide misleads himself.
    static func strong(_ bytes: [UInt8]) -> String {
        strong(hash: XXHash64.hash(bytes.span))
    }

    /// The same for bytes that were hashed before.
    static func strong(hash: UInt64) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(18)
        text.append(UInt8(ascii: "\""))
        text.append(hexadecimal: hash)
        text.append(UInt8(ascii: "\""))
        return String(decoding: text, as: UTF8.self)
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
