// Fields that are exact decimal numbers. Messages and rules as Pydantic v2 has them for `Decimal` with `max_digits` and
// `decimal_places`.

import Reactor

extension Field {
    /// A decimal number: a JSON number, or a text that holds one. It never passes through a binary float.
    /// - Parameters:
    ///   - maxDigits: on both sides of the point together, at most 18: what numeric(maxDigits, places) holds.
    ///   - places: behind the point.
    ///   - minimum: the least value.
    ///   - make: the value of so many units of the last place: hundredths, where there are two.
    static func decimal(
        _ name: String, maxDigits: Int, places: Int, minimum: Int, description: String? = nil, example: String? = nil,
        _ make: @escaping @Sendable (_ units: Int64) -> Value
    ) -> Field {
        precondition(maxDigits <= 18 && places > 0 && places < maxDigits && minimum >= 0, "\(name) does not fit 64 bits")
        let whole = maxDigits - places
        let largest = String(repeating: "9", count: whole) + "." + String(repeating: "9", count: places)
        let json: JSONObject = [
            "anyOf": [
                [
                    "type": "number", "minimum": .number(JSONNumber(minimum)),
                    "maximum": .number(JSONNumber(verbatim: largest)),
                ],
                ["type": "string", "pattern": .string("^\\d{1,\(whole)}(\\.\\d{1,\(places)})?$")],
            ]
        ]
        let exampleValue = example.map { JSONValue.number(JSONNumber(verbatim: $0)) }
        let least = (0..<places).reduce(Int64(minimum)) { units, _ in units * 10 }
        return Field(name, schema: SchemaNode(json.describing(description, exampleValue: exampleValue))) { input, validation in
            let text: Text
            switch input {
            case .number(let number): text = Text(number.text)
            case .string(let string): text = string
            case .null, .bool, .array, .object:
                validation.report(.decimalType, input: input)
                return nil
            }
            do throws(DecimalInput.Mismatch) {
                let units = try DecimalInput(text).units(maxDigits: maxDigits, places: places)
                guard units >= least else { throw DecimalInput.Mismatch(kind: .greaterThanEqual(minimum)) }
                return make(units)
            } catch {
                validation.report(error.kind, input: input)
                return nil
            }
        }
    }
}
