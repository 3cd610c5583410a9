// Fields that are integers, booleans and times. What is accepted is what Pydantic v2 accepts in its default (lax) mode:
// "5" and 5.0 are integers, "yes" is true.

import Reactor

extension Field where Value == Int {
    /// A 64-bit integer within `bounds`.
    static func integer(
        _ name: String, _ bounds: any Bounds = Int.min..., description: String? = nil, example: Int? = nil
    ) -> Field {
        let minimum = bounds.minimum == .min ? nil : bounds.minimum
        let maximum = bounds.maximum
        var json: JSONObject = ["type": "integer"]
        if let minimum { json["minimum"] = .number(JSONNumber(minimum)) }
        if let maximum { json["maximum"] = .number(JSONNumber(maximum)) }
        let exampleValue = example.map { JSONValue.number(JSONNumber($0)) }
        return Field(name, schema: SchemaNode(json.describing(description, exampleValue: exampleValue))) { input, validation in
            let value: Int
            switch IntegerInput.integer(input) {
            case .success(let integer):
                value = integer
            case .failure(let fault):
                validation.report(fault.kind, input: input)
                return nil
            }
            if let minimum, value < minimum {
                validation.report(.greaterThanEqual(minimum), input: input)
                return nil
            }
            if let maximum, value > maximum {
                validation.report(.lessThanEqual(maximum), input: input)
                return nil
            }
            return value
        }
    }
}

extension Field where Value == Bool {
    /// A boolean.
    static func boolean(_ name: String, description: String? = nil) -> Field {
        let json: JSONObject = ["type": "boolean"]
        return Field(name, schema: SchemaNode(json.describing(description, example: nil))) { input, validation in
            switch input {
            case .bool(let value):
                return value
            case .string(let text):
                if let value = BooleanInput.value(of: text) { return value }
                validation.report(.boolParsing, input: input)
            case .number(let number):
                switch number.whole {
                case .value(0): return false
                case .value(1): return true
                case .value, .tooLarge: validation.report(.boolParsing, input: input)
                case .fractional: validation.report(.boolType, input: input)
                }
            case .null, .array, .object:
                validation.report(.boolType, input: input)
            }
            return nil
        }
    }
}

extension Field where Value == Timestamp {
    /// A point in time: RFC 3339, or a date alone (midnight), or seconds since 1970. Without an offset it is UTC.
    static func timestamp(_ name: String, description: String? = nil, example: String? = nil) -> Field {
        let json: JSONObject = ["type": "string", "format": "date-time"]
        return Field(name, schema: SchemaNode(json.describing(description, example: example))) { input, validation in
            switch input {
            case .string(let text):
                switch TimestampInput.parse(text) {
                case .success(let timestamp): return timestamp
                case .failure(let fault): validation.report(.datetimeFromDateParsing(fault.reason), input: input)
                }
            case .number(let number):
                if case .value(let seconds) = number.whole, let timestamp = TimestampInput.timestamp(unix: seconds) {
                    return timestamp
                }
                validation.report(.datetimeFromDateParsing("unix timestamp is out of range or not whole"), input: input)
            case .null, .bool, .array, .object:
                validation.report(.datetimeType, input: input)
            }
            return nil
        }
    }
}
