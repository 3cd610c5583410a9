// UUIDs as text: recognised by the router, validated by fields, canonical towards the databases. Pure.

import Reactor

/// The spelling of UUIDs (RFC 9562 section 4).
enum UUIDText {
    struct SyntaxFault: Error, Equatable {
        let reason: String
    }

    /// Lower case with hyphens. Thirty-two bare digits are accepted too, as Pydantic accepts them.
    static func parse(_ text: Text) -> Result<String, SyntaxFault> {
        var canonical: [UInt8] = []
        canonical.reserveCapacity(36)
        let hasHyphens = text.byteCount == 36
        guard hasHyphens || text.byteCount == 32 else {
            return .failure(
                SyntaxFault(reason: "invalid length: expected length 32 for simple format, found \(text.byteCount)"))
        }
        for (position, byte) in text.utf8.enumerated() {
            if hasHyphens, isHyphenPosition(position) {
                guard byte == UInt8(ascii: "-") else { return invalidCharacter(in: text, at: position) }
                canonical.append(byte)
                continue
            }
            guard let digit = HexDigit.value(of: byte) else { return invalidCharacter(in: text, at: position) }
            if !hasHyphens, isHyphenPosition(canonical.count) { canonical.append(UInt8(ascii: "-")) }
            canonical.append(HexDigit.lowercase(digit))
        }
        return .success(String(ascii: canonical))
    }

    /// Whether `bytes` are spelled 8-4-4-4-12, in either case; allocates nothing.
    static func isHyphenated(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count == 36 else { return false }
        for position in 0..<36 {
            let byte = bytes[position]
            let isValid = isHyphenPosition(position) ? byte == UInt8(ascii: "-") : HexDigit.value(of: byte) != nil
            guard isValid else { return false }
        }
        return true
    }

    private static func isHyphenPosition(_ position: Int) -> Bool {
        position == 8 || position == 13 || position == 18 || position == 23
    }

    private static func invalidCharacter(in text: Text, at offset: Int) -> Result<String, SyntaxFault> {
        // The offset is on a character's first byte: everything before it was ASCII.
        let character = text.unicodeScalars[text.utf8.index(text.utf8.startIndex, offsetBy: offset)...].first.map { String($0) } ?? ""
        return .failure(SyntaxFault(reason: "invalid character: found `\(character)` at \(offset + 1)"))
    }
}
