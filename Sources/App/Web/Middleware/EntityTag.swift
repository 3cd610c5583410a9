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
        return String(ascii: text)
    }

    /// Whether `condition`, an If-None-Match, names `tag`: weak comparison (RFC 9110 13.1.2), so `W/` does not count.
    static func matches(_ tag: String, _ condition: Text) -> Bool {
        let wanted = tag.utf8.span
        let wantedStart = weakPrefix(of: wanted)
        return condition.containsElement { candidate in
            if candidate.count == 1, candidate[0] == UInt8(ascii: "*") { return true }
            let start = weakPrefix(of: candidate)
            guard candidate.count - start == wanted.count - wantedStart else { return false }
            for offset in 0..<(wanted.count - wantedStart) where candidate[start + offset] != wanted[wantedStart + offset] { return false }
            return true
        }
    }

    /// How long the `W/` is that a weak tag begins with.
    private static func weakPrefix(of tag: Span<UInt8>) -> Int {
        tag.count >= 2 && tag[0] == UInt8(ascii: "W") && tag[1] == UInt8(ascii: "/") ? 2 : 0
    }
}
