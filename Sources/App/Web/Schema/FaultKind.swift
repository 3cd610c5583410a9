// The faults there are: Pydantic v2's names, messages and contexts (pydantic-core, src/errors/types.rs), each stated once.

/// What can be wrong with an input.
enum FaultKind: Sendable, Hashable {
    case missing
    case extraForbidden
    case modelAttributesType
    case jsonInvalid(String)
    case stringType
    case stringTooShort(minimum: Int)
    case stringTooLong(maximum: Int)
    case stringPatternMismatch(pattern: String)
    case intType
    case intParsing
    case intParsingSize
    case intFromFloat
    case boolType
    case boolParsing
    case decimalType
    case decimalParsing
    case decimalMaxDigits(Int)
    case decimalMaxPlaces(Int)
    case decimalWholeDigits(Int)
    case finiteNumber
    case greaterThanEqual(Int)
    case lessThanEqual(Int)
    case enumeration([String])
    case literal([String])
    case datetimeType
    case datetimeFromDateParsing(String)
    case dateType
    case dateFromDatetimeParsing(String)
    case dateFromDatetimeInexact
    case uuidType
    case uuidParsing(String)
    case email(String)
    /// What a validator of our own has to say; Pydantic puts "Value error, " before it.
    case valueError(String)
}

extension FaultKind {
    /// The stable name.
    var type: String {
        switch self {
        case .missing: "missing"
        case .extraForbidden: "extra_forbidden"
        case .modelAttributesType: "model_attributes_type"
        case .jsonInvalid: "json_invalid"
        case .stringType: "string_type"
        case .stringTooShort: "string_too_short"
        case .stringTooLong: "string_too_long"
        case .stringPatternMismatch: "string_pattern_mismatch"
        case .intType: "int_type"
        case .intParsing: "int_parsing"
        case .intParsingSize: "int_parsing_size"
        case .intFromFloat: "int_from_float"
        case .boolType: "bool_type"
        case .boolParsing: "bool_parsing"
        case .decimalType: "decimal_type"
        case .decimalParsing: "decimal_parsing"
        case .decimalMaxDigits: "decimal_max_digits"
        case .decimalMaxPlaces: "decimal_max_places"
        case .decimalWholeDigits: "decimal_whole_digits"
        case .finiteNumber: "finite_number"
        case .greaterThanEqual: "greater_than_equal"
        case .lessThanEqual: "less_than_equal"
        case .enumeration: "enum"
        case .literal: "literal_error"
        case .datetimeType: "datetime_type"
        case .datetimeFromDateParsing: "datetime_from_date_parsing"
        case .dateType: "date_type"
        case .dateFromDatetimeParsing: "date_from_datetime_parsing"
        case .dateFromDatetimeInexact: "date_from_datetime_inexact"
        case .uuidType: "uuid_type"
        case .uuidParsing: "uuid_parsing"
        case .email, .valueError: "value_error"
        }
    }

    /// The sentence for people.
    var message: String {
        switch self {
        case .missing: "Field required"
        case .extraForbidden: "Extra inputs are not permitted"
        case .modelAttributesType: "Input should be a valid dictionary or object to extract fields from"
        case .jsonInvalid: "JSON decode error"
        case .stringType: "Input should be a valid string"
        case .stringTooShort(let minimum): "String should have at least \(FaultKind.characters(minimum))"
        case .stringTooLong(let maximum): "String should have at most \(FaultKind.characters(maximum))"
        case .stringPatternMismatch(let pattern): "String should match pattern '\(pattern)'"
        case .intType: "Input should be a valid integer"
        case .intParsing: "Input should be a valid integer, unable to parse string as an integer"
        case .intParsingSize: "Unable to parse input string as an integer, exceeded maximum size"
        case .intFromFloat: "Input should be a valid integer, got a number with a fractional part"
        case .boolType: "Input should be a valid boolean"
        case .boolParsing: "Input should be a valid boolean, unable to interpret input"
        case .decimalType: "Decimal input should be an integer, float, string or Decimal object"
        case .decimalParsing: "Input should be a valid decimal"
        case .decimalMaxDigits(let maximum): "Decimal input should have no more than \(FaultKind.digits(maximum)) in total"
        case .decimalMaxPlaces(let maximum):
            "Decimal input should have no more than \(maximum) decimal place\(maximum == 1 ? "" : "s")"
        case .decimalWholeDigits(let maximum):
            "Decimal input should have no more than \(FaultKind.digits(maximum)) before the decimal point"
        case .finiteNumber: "Input should be a finite number"
        case .greaterThanEqual(let bound): "Input should be greater than or equal to \(bound)"
        case .lessThanEqual(let bound): "Input should be less than or equal to \(bound)"
        case .enumeration(let allowed), .literal(let allowed): "Input should be \(FaultKind.alternatives(allowed))"
        case .datetimeType: "Input should be a valid datetime"
        case .datetimeFromDateParsing(let reason): "Input should be a valid datetime or date, \(reason)"
        case .dateType: "Input should be a valid date"
        case .dateFromDatetimeParsing(let reason): "Input should be a valid date or datetime, \(reason)"
        case .dateFromDatetimeInexact: "Datetimes provided to dates should have zero time - e.g. be exact dates"
        case .uuidType: "UUID input should be a string, bytes or UUID object"
        case .uuidParsing(let reason): "Input should be a valid UUID, \(reason)"
        case .email(let reason): "value is not a valid email address: \(reason)"
        case .valueError(let reason): "Value error, \(reason)"
        }
    }

    /// The figures behind the sentence, for programs.
    var context: JSONObject? {
        switch self {
        case .missing, .extraForbidden, .modelAttributesType, .stringType, .intType, .intParsing, .intParsingSize, .intFromFloat,
            .boolType, .boolParsing, .decimalType, .decimalParsing, .finiteNumber, .datetimeType, .dateType,
            .dateFromDatetimeInexact, .uuidType:
            nil
        case .jsonInvalid(let reason), .datetimeFromDateParsing(let reason), .dateFromDatetimeParsing(let reason), .uuidParsing(let reason):
            ["error": .string(reason)]
        case .stringTooShort(let minimum): ["min_length": .number(JSONNumber(minimum))]
        case .stringTooLong(let maximum): ["max_length": .number(JSONNumber(maximum))]
        case .stringPatternMismatch(let pattern): ["pattern": .string(pattern)]
        case .decimalMaxDigits(let maximum): ["max_digits": .number(JSONNumber(maximum))]
        case .decimalMaxPlaces(let maximum): ["decimal_places": .number(JSONNumber(maximum))]
        case .decimalWholeDigits(let maximum): ["whole_digits": .number(JSONNumber(maximum))]
        case .greaterThanEqual(let bound): ["ge": .number(JSONNumber(bound))]
        case .lessThanEqual(let bound): ["le": .number(JSONNumber(bound))]
        case .enumeration(let allowed), .literal(let allowed): ["expected": .string(FaultKind.alternatives(allowed))]
        case .email(let reason): ["reason": .string(reason)]
        // FastAPI's encoder turns the exception object Pydantic has here into an empty object.
        case .valueError: ["error": [:]]
        }
    }

    private static func characters(_ count: Int) -> String {
        count == 1 ? "1 character" : "\(count) characters"
    }

    private static func digits(_ count: Int) -> String {
        count == 1 ? "1 digit" : "\(count) digits"
    }

    /// `'a'`, `'a' or 'b'`, `'a', 'b' or 'c'`.
    private static func alternatives(_ values: [String]) -> String {
        let quoted = values.map { "'\($0)'" }
        guard let last = quoted.last, quoted.count > 1 else { return quoted.first ?? "" }
        return quoted.dropLast().joined(separator: ", ") + " or " + last
    }
}
