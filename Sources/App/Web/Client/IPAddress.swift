// IP addresses as numbers, so that they can be compared with networks. Pure.

import Reactor

/// An IPv4 or IPv6 address. IPv4 lives in ::ffff:0:0/96, so that `::ffff:10.0.0.1` is 10.0.0.1 whoever wrote it.
struct IPAddress: Sendable, Hashable {
    let bits: UInt128

    /// Eight groups of four digits, the last two as IPv4, and seven colons.
    private static let maxBytes = 45
    private static let mappedPrefix: UInt128 = 0xFFFF << 32

    var isV4: Bool { bits >> 32 == 0xFFFF }

    /// Nil for what is not an address: names, ports, zones.
    init?(_ text: Text) {
        guard text.byteCount <= IPAddress.maxBytes else { return nil }
        self.init(Array(text.utf8))
    }

    init?(_ text: some StringProtocol) {
        guard text.utf8.count <= IPAddress.maxBytes else { return nil }
        self.init(Array(text.utf8))
    }

    private init?(_ bytes: [UInt8]) {
        if bytes.contains(UInt8(ascii: ":")) {
            guard let bits = IPAddress.v6(bytes) else { return nil }
            self.bits = bits
        } else {
            guard let word = IPAddress.v4(bytes[...]) else { return nil }
            bits = IPAddress.mappedPrefix | UInt128(word)
        }
    }

    private init(bits: UInt128) {
        self.bits = bits
    }

    /// Four decimal numbers; leading zeros are refused, because some read them as octal.
    private static func v4(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        var word: UInt32 = 0
        var part: UInt32?
        var dots = 0
        for byte in bytes {
            if byte == UInt8(ascii: ".") {
                guard let whole = part, dots < 3 else { return nil }
                word = word << 8 | whole
                part = nil
                dots += 1
            } else {
                let digit = byte &- UInt8(ascii: "0")
                guard digit < 10, part != 0 else { return nil }
                let grown = (part ?? 0) * 10 + UInt32(digit)
                guard grown < 256 else { return nil }
                part = grown
            }
        }
        guard let last = part, dots == 3 else { return nil }
        return word << 8 | last
    }

    /// RFC 4291 section 2.2, all three forms.
    private static func v6(_ bytes: [UInt8]) -> UInt128? {
        var groups: [UInt16] = []
        groups.reserveCapacity(8)
        /// How many groups stand before the `::`.
        var gap: Int?
        var position = 0
        if bytes.starts(with: [UInt8(ascii: ":"), UInt8(ascii: ":")]) {
            gap = 0
            position = 2
        }
        while position < bytes.count {
            let rest = bytes[position...]
            // Where no colon follows, the last four bytes may be spelled as IPv4.
            if rest.contains(UInt8(ascii: ".")), !rest.contains(UInt8(ascii: ":")) {
                guard let word = v4(rest) else { return nil }
                groups += [UInt16(truncatingIfNeeded: word >> 16), UInt16(truncatingIfNeeded: word)]
                break
            }
            guard groups.count < 8, let group = group(rest) else { return nil }
            groups.append(group.value)
            position += group.digits
            guard position < bytes.count else { break }
            guard bytes[position] == UInt8(ascii: ":"), position + 1 < bytes.count else { return nil }
            position += 1
            if bytes[position] == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = groups.count
                position += 1
            }
        }
        guard let gap else { return groups.count == 8 ? join(groups[...]) : nil }
        guard groups.count <= 7 else { return nil }
        return join(groups[..<gap]) << UInt128(16 * (8 - gap)) | join(groups[gap...])
    }

    /// One to four hexadecimal digits, and how many they are.
    private static func group(_ bytes: ArraySlice<UInt8>) -> (value: UInt16, digits: Int)? {
        var value: UInt16 = 0
        var digits = 0
        for byte in bytes {
            guard let digit = HexDigit.value(of: byte) else { break }
            digits += 1
            guard digits <= 4 else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return digits > 0 ? (value, digits) : nil
    }

    private static func join(_ groups: ArraySlice<UInt16>) -> UInt128 {
        groups.reduce(0) { $0 << 16 | UInt128($1) }
    }
}

extension IPAddress: CustomStringConvertible {
    /// The canonical spelling: dotted for IPv4, RFC 5952 for IPv6. Equal addresses have equal texts, so it can be a key.
    var description: String {
        if isV4 {
            return stride(from: 24, through: 0, by: -8).map { String(UInt8(truncatingIfNeeded: bits >> UInt128($0))) }
                .joined(separator: ".")
        }
        let groups = stride(from: 112, through: 0, by: -16).map { UInt16(truncatingIfNeeded: bits >> UInt128($0)) }
        let texts = groups.map { String($0, radix: 16) }
        let zeros = IPAddress.longestZeroRun(groups)
        guard zeros.count >= 2 else { return texts.joined(separator: ":") }
        return texts[..<zeros.lowerBound].joined(separator: ":") + "::" + texts[zeros.upperBound...].joined(separator: ":")
    }

    /// The /64 that an IPv6 address is in, in CIDR notation; an IPv4 address itself.
    var hostNetwork: String {
        isV4 ? description : "\(IPAddress(bits: bits & (.max << 64)))/64"
    }

    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start > longest.count { longest = start..<index }
            start = index + 1
        }
        return longest
    }
}
