import Testing

@testable import App

@Suite struct JSONNumberTests {
    @Test(
        arguments: [
            ("0", .value(0)), ("-0", .value(0)), ("0.000", .value(0)), ("0e99999999999", .value(0)), ("5", .value(5)), ("-5", .value(-5)),
            ("5.0", .value(5)), ("5e2", .value(500)), ("5.25e2", .value(525)), ("500e-2", .value(5)), ("0.05e2", .value(5)),
            ("5.5", .fractional), ("1e-1", .fractional), ("1e-999999999999", .fractional), ("1e999999999999", .tooLarge),
            ("9223372036854775807", .value(.max)), ("-9223372036854775808", .value(.min)), ("9223372036854775808", .tooLarge),
            ("-9223372036854775809", .tooLarge), ("1e18", .value(1_000_000_000_000_000_000)), ("1e19", .tooLarge),
            ("123456789012345678901234567890", .tooLarge),
        ] as [(String, JSONNumber.Whole)])
    func isWorthAnIntegerWhereItIsOne(text: String, whole: JSONNumber.Whole) {
        #expect(JSONNumber(verbatim: text).whole == whole)
    }
}
