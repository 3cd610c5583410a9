// PostgreSQL's binary values from hand-made bytes.

@testable import Reactor
import Testing

@Suite struct PostgresBinaryTests {
    @Test func integersOfEachWidth() {
        #expect(decode([0xFF, 0xFE], PostgresBinary.int) == -2)
        #expect(decode([0x80, 0, 0, 0], PostgresBinary.int) == Int64(Int32.min))
        #expect(decode([0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], PostgresBinary.int) == .max)
        #expect(decode([1, 2, 3], PostgresBinary.int) == nil)
        #expect(decode([0xFF, 0xFF, 0xFF, 0xFF], PostgresBinary.oid) == 4_294_967_295)
    }

    @Test func booleansAndFloats() {
        #expect(decode([1], PostgresBinary.bool) == true)
        #expect(decode([0], PostgresBinary.bool) == false)
        #expect(decode([], PostgresBinary.bool) == nil)
        #expect(decode([0x3F, 0xC0, 0, 0], PostgresBinary.double) == 1.5)
        #expect(decode([0xC0, 0x04, 0, 0, 0, 0, 0, 0], PostgresBinary.double) == -2.5)
    }

    @Test func timestampsCountFromTwoThousand() throws {
        #expect(decode(bytes(0), PostgresBinary.timestamp)?.rfc3339 == "2000-01-01T00:00:00Z")
        #expect(decode(bytes(-1), PostgresBinary.timestamp)?.rfc3339 == "1999-12-31T23:59:59.999999Z")
        let microseconds: Int64 = 820_638_245_678_901
        #expect(decode(bytes(microseconds), PostgresBinary.timestamp)?.rfc3339 == "2026-01-02T03:04:05.678901Z")
    }

    @Test func infiniteAndAbsurdTimestampsAreNone() {
        for value in [Int64.max, .min, .max - 1] {
            #expect(decode(bytes(value), PostgresBinary.timestamp) == nil)
        }
        #expect(decode([1, 2], PostgresBinary.timestamp) == nil)
    }

    @Test func datesAreMidnights() {
        #expect(decode([0, 0, 0, 1], PostgresBinary.date)?.rfc3339 == "2000-01-02T00:00:00Z")
        #expect(decode([0xFF, 0xFF, 0xFF, 0xFF], PostgresBinary.date)?.rfc3339 == "1999-12-31T00:00:00Z")
        #expect(decode([0x7F, 0xFF, 0xFF, 0xFF], PostgresBinary.date) == nil)
        #expect(decode([0x80, 0, 0, 0], PostgresBinary.date) == nil)
    }

    @Test func uuidsAreLowerCase() {
        let uuid: [UInt8] = [0x0B, 0x7A, 0x8F, 0x6E, 0x12, 0x34, 0x40, 0x00, 0x80, 0x00, 0xDE, 0xAD, 0xBE, 0xEF, 0x00, 0x01]
        #expect(decode(uuid, PostgresBinary.uuid) == "0b7a8f6e-1234-4000-8000-deadbeef0001")
        #expect(decode(Array(uuid.dropLast()), PostgresBinary.uuid) == nil)
    }

    @Test func jsonbHasAVersion() {
        #expect(decode([1, 0x7B, 0x7D], PostgresBinary.jsonb) == "{}")
        #expect(decode([2, 0x7B, 0x7D], PostgresBinary.jsonb) == nil)
        #expect(decode([], PostgresBinary.jsonb) == nil)
    }

    @Test(arguments: [
        // digits to the base 10,000, weight, scale, text
        ([], 0, 0, "0"), ([], 0, 2, "0.00"), ([12, 5000], 0, 2, "12.50"), ([1], 0, 0, "1"), ([1], 1, 0, "10000"),
        ([1, 0, 1], 2, 0, "100000001"), ([5], -1, 4, "0.0005"), ([5000], -1, 1, "0.5"), ([5], -2, 8, "0.00000005"),
        ([1234, 5678, 9012], 1, 4, "12345678.9012"), ([9999, 9999], 0, 6, "9999.999900"), ([1], 3, 3, "1000000000000.000"),
        ([1, 2345], 0, 3, "1.234"),
    ])
    func numericsAreExact(_ digits: [Int16], _ weight: Int16, _ scale: Int16, _ text: String) {
        let positive = numeric(digits, weight: weight, sign: 0x0000, scale: scale)
        #expect(decode(positive, PostgresBinary.numeric) == text)
        let negative = numeric(digits, weight: weight, sign: 0x4000, scale: scale)
        #expect(decode(negative, PostgresBinary.numeric) == "-" + text)
    }

    @Test func numericsThatAreNoNumbers() {
        #expect(decode(numeric([], weight: 0, sign: 0xC000, scale: 0), PostgresBinary.numeric) == "NaN")
        #expect(decode(numeric([], weight: 0, sign: 0xD000, scale: 0), PostgresBinary.numeric) == "Infinity")
        #expect(decode(numeric([], weight: 0, sign: 0xF000, scale: 0), PostgresBinary.numeric) == "-Infinity")
    }

    @Test func hostileNumericsAreRefused() {
        #expect(decode([0, 1], PostgresBinary.numeric) == nil)
        #expect(decode(numeric([10_000], weight: 0, sign: 0, scale: 0), PostgresBinary.numeric) == nil)
        #expect(decode(numeric([-1], weight: 0, sign: 0, scale: 0), PostgresBinary.numeric) == nil)
        #expect(decode(numeric([1], weight: 0, sign: 0x1234, scale: 0), PostgresBinary.numeric) == nil)
        #expect(decode(numeric([1], weight: 0, sign: 0, scale: -1), PostgresBinary.numeric) == nil)
        #expect(decode((numeric([1], weight: 0, sign: 0, scale: 0) + [0]), PostgresBinary.numeric) == nil)
        #expect(decode(numeric([1], weight: .min, sign: 0, scale: .max), PostgresBinary.numeric)?.count == 32_769)
        #expect(decode(numeric([1], weight: .max, sign: 0, scale: 0), PostgresBinary.numeric)?.count == 131_069)
    }

    private func decode<T>(_ bytes: [UInt8], _ decoder: (RawSpan) -> T) -> T {
        decoder(bytes.span.bytes)
    }

    private func bytes(_ value: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
    }

    private func numeric(_ digits: [Int16], weight: Int16, sign: UInt16, scale: Int16) -> [UInt8] {
        ([Int16(digits.count), weight, Int16(bitPattern: sign), scale] + digits).flatMap { word in
            [UInt8(truncatingIfNeeded: word >> 8), UInt8(truncatingIfNeeded: word)]
        }
    }
}
