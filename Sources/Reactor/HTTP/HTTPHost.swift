// The value of Host, and the authority of an absolute target (RFC 9110 7.2, RFC 3986 3.2.2). Pure.

enum HTTPHost {
    /// `name`, `1.2.3.4` or `[::1]`, each with an optional port; no user, no empty name.
    static func isValid(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return false }
        var position = range.lowerBound
        if bytes.octet(position) == UInt8(ascii: "[") {
            position += 1
            let first = position
            while position < range.upperBound, bytes.octet(position) != UInt8(ascii: "]") { position += 1 }
            guard position < range.upperBound, isIPv6(bytes, first..<position) else { return false }
            position += 1
        } else {
            guard let end = endOfName(bytes, range) else { return false }
            position = end
        }
        guard position < range.upperBound else { return true }
        guard bytes.octet(position) == UInt8(ascii: ":") else { return false }
        return isPort(bytes, position + 1..<range.upperBound)
    }

    /// Where a reg-name or an IPv4 address ends; nil for an empty or malformed one.
    private static func endOfName(_ bytes: RawSpan, _ range: Range<Int>) -> Int? {
        var position = range.lowerBound
        while position < range.upperBound {
            let byte = bytes.octet(position)
            if HTTPCharacters.regName.contains(byte) {
                position += 1
            } else if byte == UInt8(ascii: "%") {
                guard HTTPTarget.isEscape(bytes, position, range.upperBound) else { return nil }
                position += 3
            } else {
                break
            }
        }
        return position > range.lowerBound ? position : nil
    }

    /// port = *DIGIT, and no more than TCP has.
    private static func isPort(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
        guard range.count <= 5 else { return false }
        var port = 0
        for position in range {
            guard HTTPCharacters.isDigit(bytes.octet(position)) else { return false }
            port = port * 10 + Int(bytes.octet(position) &- 0x30)
        }
        return port <= 65_535
    }

    /// IPv6address of RFC 3986: eight groups of up to four hexadecimal digits, of which `::` stands once for any number, and the
    /// last two may be written as IPv4. No zone: it means something on the client's machine only (RFC 9110 4.2.1).
    private static func isIPv6(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
        var position = range.lowerBound
        var groups = 0
        var hasGap = false
        while position < range.upperBound {
            if bytes.octet(position) == UInt8(ascii: ":") {
                // Only `::` begins with a colon here: the one between two groups is taken behind the first of them.
                guard !hasGap, position + 1 < range.upperBound, bytes.octet(position + 1) == UInt8(ascii: ":") else { return false }
                hasGap = true
                position += 2
                continue
            }
            let start = position
            while position < range.upperBound, HTTPCharacters.hexValue(bytes.octet(position)) != nil { position += 1 }
            if position < range.upperBound, bytes.octet(position) == UInt8(ascii: ".") {
                guard isIPv4(bytes, start..<range.upperBound) else { return false }
                groups += 2
                position = range.upperBound
                break
            }
            guard (1...4).contains(position - start) else { return false }
            groups += 1
            guard position < range.upperBound else { break }
            guard bytes.octet(position) == UInt8(ascii: ":"), position + 1 < range.upperBound else { return false }
            // `1::2`: the first colon belongs to the gap.
            if bytes.octet(position + 1) != UInt8(ascii: ":") { position += 1 }
        }
        return hasGap ? groups <= 7 : groups == 8
    }

    /// Four decimal octets without leading zeros.
    private static func isIPv4(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
        var octets = 0
        var position = range.lowerBound
        while true {
            let start = position
            var value = 0
            while position < range.upperBound, position - start < 3, HTTPCharacters.isDigit(bytes.octet(position)) {
                value = value * 10 + Int(bytes.octet(position) &- 0x30)
                position += 1
            }
            guard position > start, value <= 255, position - start == 1 || bytes.octet(start) != UInt8(ascii: "0") else { return false }
            octets += 1
            guard position < range.upperBound else { return octets == 4 }
            guard octets < 4, bytes.octet(position) == UInt8(ascii: ".") else { return false }
            position += 1
        }
    }
}
