// A decimal number as it was written, never as a binary float: 19.90 is 1990 hundredths. Pure.

import Reactor

/// A finite decimal number: digits and a power of ten. The work is linear in the text, whatever the exponent says.
struct DecimalInput: Equatable {
    struct Mismatch: Error, Equatable {
        let kind: FaultKind
    }

    private(set) var isNegative = false
    /// Each 0 to 9, without zeros at either end; none for zero.
    private(set) var digits: [UInt8] = []
    /// The last digit stands for ten to this power.
    private(set) var exponent = 0

    /// Past a billion an exponent has already decided; capping it keeps the arithmetic checked.
    private static let maxExponent = 1_000_000_000

    /// Reads JSON's numbers, and of text what Python's `Decimal` reads: `" +1_000.50 "`, `.5`, `5.`, `1e3`.
    init(_ text: Text) throws(Mismatch) {
        var rest = text.trimmed().utf8[...]
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        guard !DecimalInput.isNotFinite(rest) else { throw Mismatch(kind: .finiteNumber) }
        var hasDigits = false
        var hasPoint = false
        while let byte = rest.first, byte != UInt8(ascii: "e"), byte != UInt8(ascii: "E") {
            rest = rest.dropFirst()
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                hasDigits = true
                if hasPoint { exponent -= 1 }
                // Zeros in front say nothing.
                if byte != UInt8(ascii: "0") || !digits.isEmpty { digits.append(byte - UInt8(ascii: "0")) }
            case UInt8(ascii: ".") where !hasPoint: hasPoint = true
            case UInt8(ascii: "_"): break
            default: throw Mismatch(kind: .decimalParsing)
            }
        }
        guard hasDigits else { throw Mismatch(kind: .decimalParsing) }
        if !rest.isEmpty { exponent += try DecimalInput.power(rest.dropFirst()) }
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
    }

    /// The number in units of ten to the power of minus `places`.
    /// - Parameters:
    ///   - maxDigits: how many digits the number may have on both sides of the point together; at most 18.
    ///   - places: how many of them may stand behind it.
    func units(maxDigits: Int, places: Int) throws(Mismatch) -> Int64 {
        guard !digits.isEmpty else { return 0 }
        // pydantic-core, src/validators/decimal.rs: of 0.001 the zeros behind the point count, of 1e3 those in front of it.
        let decimals = max(0, -exponent)
        let total = exponent >= 0 ? digits.count + exponent : max(digits.count, decimals)
        guard total <= maxDigits else { throw Mismatch(kind: .decimalMaxDigits(maxDigits)) }
        guard decimals <= places else { throw Mismatch(kind: .decimalMaxPlaces(places)) }
        guard total - decimals <= maxDigits - places else { throw Mismatch(kind: .decimalWholeDigits(maxDigits - places)) }
        // At most `maxDigits` digits: no overflow.
        var magnitude: Int64 = 0
        for digit in digits { magnitude = magnitude * 10 + Int64(digit) }
        for _ in 0..<(exponent + places) { magnitude *= 10 }
        return isNegative ? -magnitude : magnitude
    }

    /// `Infinity`, `inf`, `NaN`, `sNaN123` in any case.
    private static func isNotFinite(_ text: Substring.UTF8View) -> Bool {
        let word = Text(decoding: text.prefix(9)).lowercasedASCII()
        if word == "inf" || word == "infinity" { return true }
        guard word.hasPrefix("nan") || word.hasPrefix("snan") else { return false }
        return text.dropFirst(word.hasPrefix("s") ? 4 : 3).allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
    }

    private static func power(_ text: Substring.UTF8View) throws(Mismatch) -> Int {
        var rest = text
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard !rest.isEmpty else { throw Mismatch(kind: .decimalParsing) }
        var power = 0
        for byte in rest {
            guard byte &- UInt8(ascii: "0") < 10 else { throw Mismatch(kind: .decimalParsing) }
            power = min(power * 10 + Int(byte - UInt8(ascii: "0")), maxExponent)
        }
        return isNegative ? -power : power
    }
}
