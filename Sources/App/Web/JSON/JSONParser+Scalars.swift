// Numbers and strings of JSONParser.

import Reactor

extension JSONParser {
    // RFC 8259 section 6: [ minus ] int [ frac ] [ exp ]
    mutating func parseNumber() throws(JSONError) -> JSONNumber {
        let start = index
        if next == UInt8(ascii: "-") { index += 1 }
        if next == UInt8(ascii: "0") {
            index += 1
        } else {
            try skipDigits()
        }
        if next == UInt8(ascii: ".") {
            index += 1
            try skipDigits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            index += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { index += 1 }
            try skipDigits()
        }
        return JSONNumber(verbatim: String(ascii: bytes[start..<index]))
    }

    /// One digit or more.
    private mutating func skipDigits() throws(JSONError) {
        let start = index
        while let byte = next, byte &- UInt8(ascii: "0") < 10 { index += 1 }
        guard index > start else { throw error(.expectedValue) }
    }

    /// A string from its opening quotation mark to past its closing one.
    mutating func parseString() throws(JSONError) -> Text {
        let opening = index
        index += 1
        let start = index
        var isASCII = true
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                let text = try text(of: bytes[start..<index], isASCII: isASCII, at: start)
                index += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { return try parseEscapedString(opening: opening, start: start) }
            guard byte >= 0x20 else { throw error(.controlCharacter) }
            if byte >= 0x80 { isASCII = false }
            index += 1
        }
        throw error(.unterminatedString, at: opening)
    }

    private func text(of slice: ArraySlice<UInt8>, isASCII: Bool, at offset: Int) throws(JSONError) -> Text {
        if isASCII { return Text(decoding: slice) }
        guard let text = Text(validating: slice) else { throw error(.invalidUTF8, at: offset) }
        return text
    }

    /// The slow road, taken at the first backslash: what came before it is copied, the rest is unescaped behind it.
    private mutating func parseEscapedString(opening: Int, start: Int) throws(JSONError) -> Text {
        var unescaped = Array(bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                let text = try text(of: unescaped[...], isASCII: false, at: start)
                index += 1
                return text
            case UInt8(ascii: "\\"):
                try parseEscape(into: &unescaped, opening: opening)
            case 0..<0x20:
                throw error(.controlCharacter)
            default:
                unescaped.append(byte)
                index += 1
            }
        }
        throw error(.unterminatedString, at: opening)
    }

    private mutating func parseEscape(into output: inout [UInt8], opening: Int) throws(JSONError) {
        let backslash = index
        index += 1
        guard let kind = next else { throw error(.unterminatedString, at: opening) }
        index += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(kind)
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0C)
        case UInt8(ascii: "n"): output.append(0x0A)
        case UInt8(ascii: "r"): output.append(0x0D)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "u"):
            let scalar = try parseUnicodeEscape(backslash: backslash)
            for unit in UTF8.encode(scalar)! { output.append(unit) }
        default: throw error(.invalidEscape, at: backslash)
        }
    }

    /// Four hex digits, and a second escape where they are the first half of a surrogate pair.
    private mutating func parseUnicodeEscape(backslash: Int) throws(JSONError) -> Unicode.Scalar {
        let unit = try parseFourHexDigits(backslash: backslash)
        guard (0xD800...0xDFFF).contains(unit) else {
            guard let scalar = Unicode.Scalar(unit) else { throw error(.invalidUnicodeEscape, at: backslash) }
            return scalar
        }
        guard unit < 0xDC00, next == UInt8(ascii: "\\"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "u") else {
            throw error(.unpairedSurrogate, at: backslash)
        }
        index += 2
        let low = try parseFourHexDigits(backslash: index - 2)
        guard (0xDC00...0xDFFF).contains(low), let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) else {
            throw error(.unpairedSurrogate, at: backslash)
        }
        return scalar
    }

    private mutating func parseFourHexDigits(backslash: Int) throws(JSONError) -> UInt32 {
        guard index + 4 <= bytes.count else { throw error(.invalidUnicodeEscape, at: backslash) }
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = HexDigit.value(of: bytes[index]) else { throw error(.invalidUnicodeEscape, at: backslash) }
            unit = unit << 4 | UInt32(digit)
            index += 1
        }
        return unit
    }
}
