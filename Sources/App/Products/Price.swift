// Money, exactly. A value; any thread.

/// A price: what numeric(12,2) holds.
struct Price: Sendable, Hashable {
    static let maxDigits = 12
    static let decimalPlaces = 2

    /// From 0 to 999,999,999,999.
    let hundredths: Int64

    init(hundredths: Int64) {
        self.hundredths = hundredths
    }

    /// With both places: `19.90`, `0.05`, `7.00`.
    var text: String {
        let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
        return "\(hundredths < 0 ? "-" : "")\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}

extension Price: JSONRepresentable {
    static var schemaNode: SchemaNode { SchemaNode(["type": "number", "minimum": 0]) }

    /// A JSON number with both places, which is how numeric(12,2) writes it.
    var number: JSONNumber { JSONNumber(verbatim: text) }

    func write(to writer: inout JSONWriter) { writer.number(number) }
}

extension Price {
    static func field(_ name: String, description: String? = nil, example: String? = nil) -> Field<Price> {
        Field.decimal(
            name, maxDigits: maxDigits, places: decimalPlaces, minimum: 0, description: description, example: example
        ) { Price(hundredths: $0) }
    }
}
