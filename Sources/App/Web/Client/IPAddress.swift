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
        guard text.byteCount <= IPAddress.maxBytes, let text = text.asciiString else { return nil }
        self.init(text)
    }

    init?(_ text: some StringProtocol) {
        let text = Substring(text)
        guard text.utf8.count <= IPAddress.maxBytes else { return nil }
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let bits = IPAddress.v6(text) else { return nil }
            self.bits = bits
        } else {
            guard let word = IPAddress.v4(text) else { return nil }
            bits = IPAddress.mappedPrefix | UInt128(word)
        }
    }

    private init(bits: UInt128) {
        self.bits = bits
    }

    /// Four decimal numbers; leading zeros are refused, because some read them as octal.
    private static func v4(_ text: Substring) -> UInt32? {
        var word: UInt32 = 0
        var part: UInt32?
        var dots = 0
        for byte in text.utf8 {
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
    private static func v6(_ text: Substring) -> UInt128? {
        guard let gap = text.firstDoubleColon else {
            guard let groups = groups(text, mayEndInV4: true), groups.count == 8 else { return nil }
            return join(groups)
        }
        let tail = text[gap.upperBound...]
        guard tail.firstDoubleColon == nil, !tail.hasPrefix(":"),
            let left = groups(text[..<gap.lowerBound], mayEndInV4: false), let right = groups(tail, mayEndInV4: true),
            left.count + right.count <= 7
        else { return nil }
        return join(left + [UInt16](repeating: 0, count: 8 - left.count - right.count) + right)
    }

    private static func groups(_ text: Substring, mayEndInV4: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if mayEndInV4, index == parts.count - 1, part.contains(".") {
                guard let word = v4(part) else { return nil }
                groups += [UInt16(truncatingIfNeeded: word >> 16), UInt16(truncatingIfNeeded: word)]
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ HexDigit.value(of: $0) != nil }),
                let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }

    private static func join(_ groups: [UInt16]) -> UInt128 {
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

extension Substring {
    /// Where the first `::` is.
    fileprivate var firstDoubleColon: Range<Index>? {
        var index = startIndex
        while let colon = self[index...].firstIndex(of: ":") {
            let next = self.index(after: colon)
            if next < endIndex, self[next] == ":" { return colon..<self.index(after: next) }
            index = next
        }
        return nil
    }
}
