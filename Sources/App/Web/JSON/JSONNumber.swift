// A JSON number as it was written. A price of 19.90 must not pass through a binary float, so no number here ever does.

/// The exact source text of a JSON number, and what it is worth as an integer.
struct JSONNumber: Sendable, Hashable {
    let text: String

    /// - Parameter verbatim: text that is already a JSON number: the parser's, or a database's numeric.
    init(verbatim: String) {
        text = verbatim
    }

    init(_ value: some FixedWidthInteger) {
        text = String(value)
    }

    /// What the number is worth where an integer is wanted.
    enum Whole: Equatable {
        case value(Int)
        /// It has a fractional part: `5.5`, but not `5.0` and not `5e0`.
        case fractional
        /// An integer that 64 bits do not hold.
        case tooLarge
    }

    /// Worked out on the digits. Cost is linear in the text, whatever the exponent says: `1e999999999` allocates nothing.
    var whole: Whole {
        var digits: [UInt8] = []
        var isNegative = false
        var fractionDigits = 0
        var exponent = 0
        var isExponentNegative = false
        var part = Part.integer
        for byte in text.utf8 {
            switch (byte, part) {
            case (UInt8(ascii: "-"), .exponent): isExponentNegative = true
            case (UInt8(ascii: "-"), _): isNegative = true
            case (UInt8(ascii: "."), _): part = .fraction
            case (UInt8(ascii: "e"), _), (UInt8(ascii: "E"), _): part = .exponent
            case (UInt8(ascii: "0")...UInt8(ascii: "9"), .exponent):
                // Past a million the exponent has already decided; capping it keeps the arithmetic checked.
                exponent = min(exponent * 10 + Int(byte - UInt8(ascii: "0")), 1_000_000)
            case (UInt8(ascii: "0")...UInt8(ascii: "9"), _):
                digits.append(byte - UInt8(ascii: "0"))
                if part == .fraction { fractionDigits += 1 }
            default: break
            }
        }
        var scale = (isExponentNegative ? -exponent : exponent) - fractionDigits
        while let last = digits.last, last == 0 {
            digits.removeLast()
            scale += 1
        }
        guard !digits.isEmpty else { return .value(0) }
        guard scale >= 0 else { return .fractional }
        return JSONNumber.integer(of: digits, zeros: scale, isNegative: isNegative).map(Whole.value) ?? .tooLarge
    }

    private enum Part { case integer, fraction, exponent }

    private static func integer(of digits: [UInt8], zeros: Int, isNegative: Bool) -> Int? {
        var total = 0
        // "0.05e2" has zeros before its first digit; they say nothing. Every Int has 19 digits at most.
        let significant = digits.drop { $0 == 0 }
        guard significant.count + zeros <= 19 else { return nil }
        for digit in significant {
            guard accumulate(Int(digit), onto: &total, isNegative: isNegative) else { return nil }
        }
        for _ in 0..<zeros {
            guard accumulate(0, onto: &total, isNegative: isNegative) else { return nil }
        }
        return total
    }

    private static func accumulate(_ digit: Int, onto total: inout Int, isNegative: Bool) -> Bool {
        let (scaled, overflow) = total.multipliedReportingOverflow(by: 10)
        // Counting downwards for negative numbers reaches Int.min, which has no positive counterpart.
        let (sum, sumOverflow) = scaled.addingReportingOverflow(isNegative ? -digit : digit)
        total = sum
        return !overflow && !sumOverflow
    }
}
