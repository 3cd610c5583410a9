// The text form of a password hash, `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`: the PHC string format, as libargon2,
// passlib and argon2-cffi write it. Pure.

/// An Argon2id hash taken apart.
struct PHCString: Equatable {
    /// Argon2 1.3; the older 1.0 has a known weakness and is not accepted.
    static let version: UInt32 = 19

    var parameters: Argon2Parameters
    var salt: [UInt8]
    var hash: [UInt8]

    init(parameters: Argon2Parameters, salt: [UInt8], hash: [UInt8]) {
        self.parameters = parameters
        self.salt = salt
        self.hash = hash
    }

    /// Nil for another algorithm or version, parameters past the accepted limits, or anything malformed.
    init?(_ text: String) {
        let fields = text.split(separator: "$", omittingEmptySubsequences: false)
        guard fields.count == 6, fields[0].isEmpty, fields[1] == "argon2id", fields[2] == "v=\(PHCString.version)",
            let parameters = PHCString.parameters(fields[3]), parameters.areAcceptable,
            let salt = UnpaddedBase64.decode(fields[4]), (8...64).contains(salt.count),
            let hash = UnpaddedBase64.decode(fields[5]), (16...64).contains(hash.count)
        else { return nil }
        self.init(parameters: parameters, salt: salt, hash: hash)
    }

    var text: String {
        "$argon2id$v=\(PHCString.version)$m=\(parameters.memoryKiB),t=\(parameters.passes),p=\(parameters.lanes)"
            + "$\(UnpaddedBase64.encode(salt))$\(UnpaddedBase64.encode(hash))"
    }

    /// `m=19456,t=2,p=1`: these three, in this order.
    private static func parameters(_ field: Substring) -> Argon2Parameters? {
        let parts = field.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 3,
            let memoryKiB = number(parts[0], name: "m="),
            let passes = number(parts[1], name: "t="),
            let lanes = number(parts[2], name: "p=")
        else { return nil }
        return Argon2Parameters(memoryKiB: memoryKiB, passes: passes, lanes: lanes)
    }

    private static func number(_ part: Substring, name: String) -> UInt32? {
        guard part.hasPrefix(name) else { return nil }
        let digits = part.dropFirst(name.count)
        // UInt32.init(_:) takes a leading plus sign; the format does not.
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return UInt32(digits)
    }
}

/// Base64 with the standard alphabet and without `=`, as the PHC format has it (RFC 4648 4, 3.2).
enum UnpaddedBase64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var bits: UInt32 = 0
        var bitCount = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            bitCount += 8
            while bitCount >= 6 {
                bitCount -= 6
                text.append(alphabet[Int(bits >> UInt32(bitCount) & 63)])
            }
            bits &= (1 << UInt32(bitCount)) - 1
        }
        if bitCount > 0 {
            text.append(alphabet[Int(bits << UInt32(6 - bitCount) & 63)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for another alphabet, padding, an impossible length, or set bits behind the last byte.
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount = 0
        for character in text.utf8 {
            guard let value = value(of: character) else { return nil }
            bits = bits << 6 | value
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
                bits &= (1 << UInt32(bitCount)) - 1
            }
        }
        // Six bits left over are a lone character; bits that are set there give one hash two spellings.
        guard bitCount < 6, bits == 0 else { return nil }
        return bytes
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
