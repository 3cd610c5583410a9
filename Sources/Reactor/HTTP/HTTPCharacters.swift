// Which bytes may stand where (RFC 9110 5.5 and 5.6.2, RFC 3986 3). Sets of 128 bits that are constants of the code: nothing to
// initialize, nothing to load, one shift and one mask a byte. The tests compare them with the RFCs' lists, byte by byte.

/// Character classes of HTTP/1.1.
enum HTTPCharacters {
    /// A set of ASCII bytes: a bit each for 0 to 63, and for 64 to 127.
    struct Set: Sendable {
        private let low: UInt64
        private let high: UInt64

        @inline(__always)
        init(low: UInt64, high: UInt64) {
            self.low = low
            self.high = high
        }

        @inline(__always)
        func contains(_ byte: UInt8) -> Bool {
            let half = byte & 0x40 == 0 ? low : high
            return byte < 0x80 && (half &>> UInt64(byte & 0x3F)) & 1 != 0
        }
    }

    /// tchar: methods, field names, codings, connection options.
    @inline(__always)
    static var token: Set { Set(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE) }

    /// pchar and `/`, without `%`, which begins an escape; and the three that browsers leave as they are in a path though RFC 3986
    /// does not list them (WHATWG URL, path percent-encode set): `[`, `]` and `|`.
    @inline(__always)
    static var path: Set { Set(low: 0x2FFF_FFD2_0000_0000, high: 0x57FF_FFFE_AFFF_FFFF) }

    /// The same and `?`, and what browsers leave as it is in a query (WHATWG URL, query percent-encode set): `{`, `}`, `^`, `` ` ``
    /// and `\`; and `%`, also one that begins no escape: it stands for itself (WHATWG URL, percent-decode).
    @inline(__always)
    static var query: Set { Set(low: 0xAFFF_FFF2_0000_0000, high: 0x7FFF_FFFF_FFFF_FFFF) }

    /// unreserved and sub-delims: reg-name and IPv4, without `%`.
    @inline(__always)
    static var regName: Set { Set(low: 0x2BFF_7FD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE) }

    /// HTAB, SP, VCHAR and obs-text; every other control and DEL is refused.
    @inline(__always)
    static func isFieldValue(_ byte: UInt8) -> Bool {
        (byte >= 0x20 && byte != 0x7F) || byte == 0x09
    }

    @inline(__always)
    static func isWhitespace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inline(__always)
    static func hexValue(_ byte: UInt8) -> Int? {
        if byte &- 0x30 < 10 { return Int(byte &- 0x30) }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? Int(letter) + 10 : nil
    }
}
