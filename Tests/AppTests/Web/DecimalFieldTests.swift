// Exact decimal numbers: what is read, and Pydantic v2's words for what is not.

import Testing

@testable import App

@Suite struct DecimalFieldTests {
    private let field = Field<Int64>.decimal("price", maxDigits: 12, places: 2, minimum: 0) { $0 }

    private func result(_ input: JSONValue, _ field: Field<Int64>) -> (value: Int64?, faults: [FaultKind]) {
        var validation = Validation(at: ["body", "price"])
        let value = field.parse(input, &validation)
        return (value, validation.faults.map(\.kind))
    }

    private static func number(_ text: String) -> JSONValue { .number(JSONNumber(verbatim: text)) }

    @Test(arguments: [
        ("19.90", 1_990), ("19.9", 1_990), ("0", 0), ("-0.00", 0), ("0e9", 0), ("0.01", 1), ("7", 700), ("1e3", 100_000),
        ("1.5E+1", 1_500), ("12345e-2", 12_345), ("9999999999.99", 999_999_999_999), ("1.10000000000000000000000", 110),
        ("0.29", 29), ("1.15", 115), ("10000000000e-1", 100_000_000_000), ("0e-999999999999999999999", 0), ("0e99999999999", 0),
    ])
    func numbersAreTakenAsTheyAreWritten(_ text: String, _ hundredths: Int64) {
        #expect(result(Self.number(text), field).value == hundredths)
        #expect(result(.string(text), field).value == hundredths)
    }

    @Test(arguments: [("  19.90\n", 1_990), ("+5", 500), (".5", 50), ("5.", 500), ("1_000.5_0", 100_050), ("00012.3", 1_230)])
    func textsMayHaveWhatPythonAllows(_ text: String, _ hundredths: Int64) {
        #expect(result(.string(text), field).value == hundredths)
    }

    @Test(
        arguments: [
            ("0.001", .decimalMaxPlaces(2)), ("19.999", .decimalMaxPlaces(2)), ("-0.001", .decimalMaxPlaces(2)),
            ("10000000000", .decimalWholeDigits(10)), ("1e11", .decimalWholeDigits(10)), ("12345678901.2", .decimalWholeDigits(10)),
            ("1e12", .decimalMaxDigits(12)), ("1e999999999999999999999", .decimalMaxDigits(12)), ("1e-13", .decimalMaxDigits(12)),
            ("1e-999999999999999999999", .decimalMaxDigits(12)), ("1234567890.123", .decimalMaxDigits(12)),
            ("-0.01", .greaterThanEqual(0)), ("-1e9", .greaterThanEqual(0)),
        ] as [(String, FaultKind)])
    func whatDoesNotFitIsNamed(_ text: String, _ fault: FaultKind) {
        #expect(result(Self.number(text), field).faults == [fault])
        #expect(result(.string(text), field).faults == [fault])
    }

    @Test(arguments: [
        "", " ", "abc", "1.2.3", "--1", "1e", "1e+", "1e1.5", "e5", ".", "+", "1,5", "0x10", "٣", "infinit", "nano", "1 2", "1e5_0",
    ])
    func textsThatAreNoNumbersAreNotParsed(_ text: String) {
        #expect(result(.string(text), field).faults == [.decimalParsing])
    }

    @Test(arguments: ["Infinity", "-inf", "NaN", "snan", "nan123"])
    func infinityAndItsKinAreNotFinite(_ text: String) {
        #expect(result(.string(text), field).faults == [.finiteNumber])
    }

    @Test(arguments: [.null, true, [], [:]] as [JSONValue])
    func otherTypesAreRefused(_ input: JSONValue) {
        #expect(result(input, field).faults == [.decimalType])
    }

    @Test func aMegabyteOfDigitsIsRefusedAtOnce() {
        let digits = String(repeating: "7", count: 1 << 20)
        #expect(result(.string(digits), field).faults == [.decimalMaxDigits(12)])
        #expect(result(.string("0." + digits), field).faults == [.decimalMaxDigits(12)])
        #expect(result(.string("1" + String(repeating: "0", count: 1 << 20) + "e-1048576"), field).value == 100)
        #expect(result(.string("0." + String(repeating: "0", count: 1 << 20) + "1e1048577"), field).value == 100)
    }

    @Test func describesFaultsAsPydanticDoes() {
        func json(_ text: String) -> String {
            var validation = Validation(at: ["body", "price"])
            _ = field.parse(Self.number(text), &validation)
            var writer = JSONWriter()
            for fault in validation.faults { fault.write(to: &writer) }
            return String(decoding: writer.bytes, as: UTF8.self)
        }
        #expect(
            json("0.001")
                == #"{"type":"decimal_max_places","loc":["body","price"],"msg":"Decimal input should have no more than 2 decimal places","#
                + #""input":0.001,"ctx":{"decimal_places":2}}"#)
        #expect(
            json("1e11")
                == #"{"type":"decimal_whole_digits","loc":["body","price"],"#
                + #""msg":"Decimal input should have no more than 10 digits before the decimal point","#
                + #""input":1e11,"ctx":{"whole_digits":10}}"#)
        #expect(
            json("1e12")
                == #"{"type":"decimal_max_digits","loc":["body","price"],"msg":"Decimal input should have no more than 12 digits in total","#
                + #""input":1e12,"ctx":{"max_digits":12}}"#)
        #expect(
            json("-1")
                == #"{"type":"greater_than_equal","loc":["body","price"],"msg":"Input should be greater than or equal to 0","#
                + #""input":-1,"ctx":{"ge":0}}"#)
    }

    @Test func boundsCountInWholeNumbers() {
        let field = Field<Int64>.decimal("fee", maxDigits: 4, places: 1, minimum: 5) { $0 }
        #expect(result(Self.number("5.0"), field).value == 50)
        #expect(result(Self.number("4.9"), field).faults == [.greaterThanEqual(5)])
        #expect(FaultKind.decimalMaxPlaces(1).message == "Decimal input should have no more than 1 decimal place")
    }
}
