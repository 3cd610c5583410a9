// Single fields: what they accept, and Pydantic v2's words for what they don't.

import Reactor
import Testing

@testable import App

@Suite struct FieldTests {
    private enum Priority: String, CaseIterable, JSONRepresentable { case low, medium, high }

    private func faults<Value>(_ field: Field<Value>, _ input: JSONValue) -> [Fault] {
        var validation = Validation(at: ["body", .name(field.name)])
        _ = field.parse(input, &validation)
        return validation.faults
    }

    private func value<Value>(_ field: Field<Value>, _ input: JSONValue) -> Value? {
        var validation = Validation(at: [])
        let value = field.parse(input, &validation)
        #expect(validation.faults.isEmpty == (value != nil))
        return value
    }

    private func json(_ fault: Fault) -> String {
        var writer = JSONWriter()
        fault.write(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    // MARK: Strings

    @Test func countsCodePointsAndNotBytes() {
        let field = Field.string("title", length: 1...3)
        #expect(value(field, "äöü") == "äöü")
        #expect(value(field, "😀😀😀") != nil)
        #expect(faults(field, "äöüä").first?.kind == .stringTooLong(maximum: 3))
        #expect(faults(field, "").first?.kind == .stringTooShort(minimum: 1))
    }

    @Test func describesFaultsAsPydanticDoes() {
        let title = Field.string("title", length: 1...200)
        #expect(
            faults(title, "").map(json) == [
                #"{"type":"string_too_short","loc":["body","title"],"msg":"String should have at least 1 character","#
                    + #""input":"","ctx":{"min_length":1}}"#
            ])
        #expect(
            faults(title, 5).map(json) == [
                #"{"type":"string_type","loc":["body","title"],"msg":"Input should be a valid string","input":5}"#
            ])
        #expect(
            faults(Field.integer("limit", 1...100), 101).map(json) == [
                #"{"type":"less_than_equal","loc":["body","limit"],"msg":"Input should be less than or equal to 100","#
                    + #""input":101,"ctx":{"le":100}}"#
            ])
        #expect(
            faults(Field<Priority>.enumeration("priority"), "urgent").map(json) == [
                #"{"type":"enum","loc":["body","priority"],"msg":"Input should be 'low', 'medium' or 'high'","#
                    + #""input":"urgent","ctx":{"expected":"'low', 'medium' or 'high'"}}"#
            ])
        #expect(
            faults(Field.literal("grant_type", "password"), "x").map(json) == [
                #"{"type":"literal_error","loc":["body","grant_type"],"msg":"Input should be 'password'","#
                    + #""input":"x","ctx":{"expected":"'password'"}}"#
            ])
    }

    @Test func refusesNULBecausePostgreSQLCannotStoreIt() {
        #expect(faults(Field.string("title"), "a\u{0}b").first?.kind.type == "value_error")
    }

    @Test func patternsAreCheckedAndNamedInTheFault() {
        let pattern = CharacterPattern(["a"..."z", "0"..."9"], and: "_.-")
        #expect(pattern.source == "^[a-z0-9_.\\-]+$")
        let field = Field.string("username", length: 3...50, pattern: pattern)
        #expect(value(field, "jane_doe.1-x") != nil)
        #expect(faults(field, "Jane Doe").first?.kind == .stringPatternMismatch(pattern: pattern.source))
    }

    // MARK: Integers

    @Test(
        arguments: [
            (5, 5), ("5", 5), (" 5 ", 5), ("+5", 5), ("-5", -5), ("5_000", 5_000), ("5.0", 5), ("00012", 12), (true, 1),
            (.number(JSONNumber(verbatim: "5.0")), 5), (.number(JSONNumber(verbatim: "1e3")), 1_000),
        ] as [(JSONValue, Int)])
    func readsIntegersAsPydanticsLaxModeDoes(input: JSONValue, expected: Int) {
        #expect(value(Field.integer("n"), input) == expected)
    }

    @Test(
        arguments: [
            ("", .intParsing), ("abc", .intParsing), ("5.5", .intParsing), ("1e3", .intParsing), ("٣", .intParsing), ("5.", .intParsing),
            (".5", .intParsing), ("+ 5", .intParsing), ("_5", .intParsing), ("5__0", .intParsing), ("5_", .intParsing),
            ("0x1", .intParsing),
            ("-", .intParsing), ("99999999999999999999", .intParsingSize), (nil, .intType), ([], .intType), ([:], .intType),
            (.number(JSONNumber(verbatim: "5.5")), .intFromFloat), (.number(JSONNumber(verbatim: "1e300")), .intParsingSize),
        ] as [(JSONValue, FaultKind)])
    func refusesWhatIsNoInteger(input: JSONValue, kind: FaultKind) {
        #expect(faults(Field.integer("n"), input).map(\.kind) == [kind])
    }

    @Test func openRangesBindOnOneSide() {
        #expect(faults(Field.integer("skip", 0...), -1).map(\.kind) == [.greaterThanEqual(0)])
        #expect(value(Field.integer("skip", 0...), .number(JSONNumber(Int.max))) == .max)
        #expect(value(Field.integer("n"), .number(JSONNumber(Int.min))) == .min)
    }

    // MARK: Booleans

    @Test(
        arguments: [
            (true, true), (false, false), ("true", true), ("T", true), ("YES", true), ("on", true), ("1", true), ("0", false),
            ("off", false), ("n", false), (1, true), (0, false), (.number(JSONNumber(verbatim: "1.0")), true),
        ] as [(JSONValue, Bool)])
    func readsBooleans(input: JSONValue, expected: Bool) {
        #expect(value(Field.boolean("flag"), input) == expected)
    }

    @Test(
        arguments: [
            ("maybe", .boolParsing), (" true", .boolParsing), (2, .boolParsing), (.number(JSONNumber(verbatim: "0.5")), .boolType),
            (nil, .boolType), ([], .boolType),
        ] as [(JSONValue, FaultKind)])
    func refusesWhatIsNoBoolean(input: JSONValue, kind: FaultKind) {
        #expect(faults(Field.boolean("flag"), input).map(\.kind) == [kind])
    }

    // MARK: Times, UUIDs, addresses

    @Test(
        arguments: [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"), ("2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05Z"),
            ("2026-01-02", "2026-01-02T00:00:00Z"), ("2026-01-02T03:04:05", "2026-01-02T03:04:05Z"),
            ("2026-01-02 03:04", "2026-01-02T03:04:00Z"), (1_700_000_000, "2023-11-14T22:13:20Z"),
            (1_700_000_000_000, "2023-11-14T22:13:20Z"),
        ] as [(JSONValue, String)])
    func readsTimes(input: JSONValue, expected: String) {
        #expect(value(Field.timestamp("due_date"), input)?.rfc3339 == expected)
    }

    @Test(arguments: ["", "garbage", "2026-13-02T03:04:05Z", "2026-02-30", "2026-01-02T25:00:00Z", "2026-01-02T", "2026-01-02x"])
    func refusesWhatIsNoTime(text: String) {
        #expect(faults(Field.timestamp("due_date"), .string(text)).map(\.kind.type) == ["datetime_from_date_parsing"])
        #expect(faults(Field.timestamp("due_date"), nil).map(\.kind) == [.datetimeType])
    }

    @Test func extremeUnixTimesAreFaultsAndNotOverflows() {
        for seconds in [Int.max, Int.min, 20_000_000_000, -20_000_000_001] {
            _ = faults(Field.timestamp("due_date"), .number(JSONNumber(seconds)))
        }
        #expect(faults(Field.timestamp("due_date"), .number(JSONNumber(Int.max))).count == 1)
    }

    @Test func spellsUUIDsCanonically() {
        let field = Field.uuid("id")
        let canonical = "0190b1a2-3c4d-7e5f-8a9b-0c1d2e3f4a5b"
        #expect(value(field, .string(canonical.uppercased())) == canonical)
        #expect(value(field, "0190b1a23c4d7e5f8a9b0c1d2e3f4a5b") == canonical)
        #expect(faults(field, "x").map(\.kind.type) == ["uuid_parsing"])
        #expect(faults(field, "g190b1a2-3c4d-7e5f-8a9b-0c1d2e3f4a5b").map(\.kind) == [.uuidParsing("invalid character: found `g` at 1")])
        #expect(faults(field, 1).map(\.kind) == [.uuidType])
    }

    @Test(arguments: ["jane@example.com", "admin@local.com", "a+b.c@sub.example.co.uk", "x@xn--bcher-kva.example", "x@bücher.example"])
    func acceptsAddresses(text: String) {
        #expect(value(Field.email("email"), .string(text)) == Text(text))
    }

    @Test(arguments: [
        "x", "x@", "@y.com", "a@b", "a..b@c.com", ".a@c.com", "a.@c.com", "a b@c.com", "a@c..com", "a@-c.com", "a@c-.com", "a@b@c.com",
        "a@c.com.", "Name <a@c.com>", "a@[1.2.3.4]", "a@c_d.com", "a@c.123", "\"a\"@c.com", " a@c.com", "a@c.com\n", "a\r\n@c.com",
    ])
    func refusesWhatIsNoAddress(text: String) {
        let found = faults(Field.email("email"), .string(text))
        #expect(found.map(\.kind.type) == ["value_error"])
        #expect(found.first?.kind.message.hasPrefix("value is not a valid email address: ") == true)
    }

    @Test(arguments: ["müller@example.com", "ÖSTERREICH@example.com", "用户@example.com", "a٣@example.com"])
    func refusesAddressesThatNeedSMTPUTF8(text: String) {
        #expect(
            faults(Field.email("email"), .string(text)).map(\.kind.message) == [
                "value is not a valid email address: Internationalized characters before the @-sign are not supported."
            ])
    }

    @Test func lowersAnAddressesDomainOnly() {
        #expect(value(Field.email("email"), "Jane.Doe@EXAMPLE.com") == "Jane.Doe@example.com")
    }

    // MARK: Presence

    @Test func tellsAbsentNullAndValueApart() {
        let patch = Field.string("description").patch()
        #expect(patch.fallback == .absent)
        #expect(value(patch, nil) == .null)
        #expect(value(patch, "x") == .value("x"))
        #expect(Patch<String>.absent.applied(to: "old") == "old")
        #expect(Patch<String>.null.applied(to: "old") == nil)
        #expect(Patch.value("new").applied(to: "old") == "new")
    }

    @Test func omittableFieldsHaveNoNull() {
        #expect(faults(Field.string("title").omittable(), nil).map(\.kind) == [.stringType])
        #expect(faults(Field.string("title").optional(), nil).isEmpty)
    }

    @Test func furtherChecksReportValueErrors() {
        let even = Field.integer("n").checked { $0.isMultiple(of: 2) ? nil : "must be even" }
        #expect(value(even, 4) == 4)
        #expect(faults(even, 3).map(\.kind.message) == ["Value error, must be even"])
    }
}
