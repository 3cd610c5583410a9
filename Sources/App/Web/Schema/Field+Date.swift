// Fields that are dates: a day without a time. Accepted is what Pydantic v2 accepts in its default (lax) mode, where a time of
// exactly midnight counts as its date. Pure.

import Reactor

extension Field where Value == Timestamp {
    /// A day, as its midnight in UTC.
    static func date(_ name: String, description: String? = nil, example: String? = nil) -> Field {
        let json: JSONObject = ["type": "string", "format": "date"]
        return Field(name, schema: SchemaNode(json.describing(description, example: example))) { input, validation in
            guard case .string(let text) = input else {
                validation.report(.dateType, input: input)
                return nil
            }
            switch DateInput.parse(text) {
            case .success(let midnight):
                return midnight
            case .failure(let mismatch):
                validation.report(mismatch.kind, input: input)
                return nil
            }
        }
    }
}

/// Dates as text. The reasons are those of speedate, the parser behind Pydantic.
enum DateInput {
    struct Mismatch: Error, Equatable {
        let kind: FaultKind

        fileprivate static func parsing(_ reason: String) -> Mismatch { Mismatch(kind: .dateFromDatetimeParsing(reason)) }
    }

    /// `YYYY-MM-DD`, or a time that is midnight in UTC.
    static func parse(_ text: Text) -> Result<Timestamp, Mismatch> {
        // A date, or a time that is midnight: no more bytes than that are looked at.
        let bytes = Array(text.utf8.prefix(64))
        if let problem = problem(inDate: bytes.prefix(10)) { return .failure(.parsing(problem)) }
        switch TimestampInput.parse(text) {
        case .failure(let fault):
            return .failure(.parsing(bytes.count == 10 ? "day value is outside expected range" : fault.reason))
        case .success(let timestamp):
            guard timestamp.microseconds % 86_400_000_000 == 0 else { return .failure(Mismatch(kind: .dateFromDatetimeInexact)) }
            // An offset can push midnight over the edge of the years that the databases can write down.
            guard timestamp.seconds < 253_402_300_800 else { return .failure(.parsing("year 10000 is out of range")) }
            return .success(timestamp)
        }
    }

    /// What is wrong with a date, but for the length of its month.
    private static func problem(inDate bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.count == 10 else { return "input is too short" }
        guard let year = number(bytes.prefix(4)) else { return "invalid character in year" }
        guard bytes[4] == UInt8(ascii: "-") else { return "invalid date separator, expected `-`" }
        guard let month = number(bytes[5..<7]) else { return "invalid character in month" }
        guard bytes[7] == UInt8(ascii: "-") else { return "invalid date separator, expected `-`" }
        guard let day = number(bytes[8..<10]) else { return "invalid character in day" }
        guard year > 0 else { return "year 0 is out of range" }
        guard (1...12).contains(month) else { return "month value is outside expected range of 1-12" }
        guard (1...31).contains(day) else { return "day value is outside expected range" }
        return nil
    }

    /// Nil unless all of it are digits; four at most, so that nothing overflows.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for byte in bytes {
            guard byte &- UInt8(ascii: "0") < 10 else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }
}
