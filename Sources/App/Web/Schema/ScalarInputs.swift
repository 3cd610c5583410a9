// What counts as an integer, as a boolean and as a time where the input is text or loosely typed JSON. Pure.

import Reactor

/// Integers as Pydantic's lax mode reads them.
enum IntegerInput {
    struct Mismatch: Error {
        let kind: FaultKind
    }

    static func integer(_ input: JSONValue) -> Result<Int, Mismatch> {
        switch input {
        case .number(let number):
            switch number.whole {
            case .value(let value): .success(value)
            case .fractional: .failure(Mismatch(kind: .intFromFloat))
            case .tooLarge: .failure(Mismatch(kind: .intParsingSize))
            }
        case .string(let text): integer(text: text)
        case .bool(let flag): .success(flag ? 1 : 0)
        case .null, .array, .object: .failure(Mismatch(kind: .intType))
        }
    }

    /// White space around it, a sign, leading zeros, single underscores between digits and a fraction of zeros are fine.
    static func integer(text: Text) -> Result<Int, Mismatch> {
        let unparsable = Mismatch(kind: .intParsing)
        let trimmed = text.trimmed().utf8[...]
        var digits = trimmed
        if let sign = digits.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { digits = digits.dropFirst() }
        if let point = digits.firstIndex(of: UInt8(ascii: ".")) {
            let fraction = digits[digits.index(after: point)...]
            guard !fraction.isEmpty, fraction.allSatisfy({ $0 == UInt8(ascii: "0") }) else { return .failure(unparsable) }
            digits = digits[..<point]
        }
        var magnitude: [UInt8] = []
        var wasDigit = false
        for byte in digits {
            if byte == UInt8(ascii: "_"), wasDigit {
                wasDigit = false
                continue
            }
            guard byte &- UInt8(ascii: "0") < 10 else { return .failure(unparsable) }
            magnitude.append(byte)
            wasDigit = true
        }
        guard wasDigit else { return .failure(unparsable) }
        let sign = trimmed.first == UInt8(ascii: "-") ? "-" : ""
        guard let value = Int(sign + String(ascii: magnitude)) else {
            return .failure(Mismatch(kind: .intParsingSize))
        }
        return .success(value)
    }
}

/// Booleans as text.
enum BooleanInput {
    static func value(of text: Text) -> Bool? {
        guard text.byteCount <= 5 else { return nil }
        return switch text.lowercasedASCII() {
        case "true", "t", "yes", "y", "on", "1": true
        case "false", "f", "no", "n", "off", "0": false
        default: nil
        }
    }
}

/// Times as text and as numbers.
enum TimestampInput {
    struct SyntaxFault: Error, Equatable {
        let reason: String
    }

    static func parse(_ text: Text) -> Result<Timestamp, SyntaxFault> {
        guard text.byteCount >= 10 else { return .failure(SyntaxFault(reason: "input is too short")) }
        let candidate: Text
        if text.byteCount == 10 {
            candidate = text + "T00:00:00Z"
        } else {
            candidate = hasOffset(text) ? text : text + "Z"
        }
        guard let timestamp = Timestamp(rfc3339: candidate) else {
            return .failure(SyntaxFault(reason: "invalid date, time or offset"))
        }
        return .success(timestamp)
    }

    /// Seconds, or milliseconds where seconds would lie past the year 4000 or so: Pydantic's watershed of 2e10.
    static func timestamp(unix value: Int) -> Timestamp? {
        let isMilliseconds = value > 20_000_000_000 || value < -20_000_000_000
        let (microseconds, overflow) = value.multipliedReportingOverflow(by: isMilliseconds ? 1_000 : 1_000_000)
        guard !overflow else { return nil }
        // RFC 3339 has four digits for a year.
        let years1To9999: ClosedRange<Int> = -62_135_596_800_000_000...253_402_300_799_999_999
        guard years1To9999.contains(microseconds) else { return nil }
        return Timestamp(microseconds: Int64(microseconds))
    }

    /// Whether a `Z` or a numeric offset follows the time.
    private static func hasOffset(_ text: Text) -> Bool {
        text.utf8.dropFirst(10).contains { byte in
            byte == UInt8(ascii: "Z") || byte == UInt8(ascii: "z") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
        }
    }
}
