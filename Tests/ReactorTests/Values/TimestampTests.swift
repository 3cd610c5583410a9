// Wall-clock time in the forms that the API and the databases use.

import Reactor
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-01-02T03:04:05.678901Z", 1_767_323_045_678_901), ("1969-12-31T23:59:59.5Z", -500_000),
        ("2000-02-29T12:00:00+01:00", 951_822_000_000_000), ("2026-01-02 03:04:05.678901", 1_767_323_045_678_901),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000), ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        ("2026-01-02T03:04Z", 1_767_323_040_000_000), ("2026-01-02T03:04:05-0530", 1_767_342_845_000_000),
    ])
    func readsDateTimes(text: String, microseconds: Int64) {
        #expect(Timestamp(rfc3339: Text(text))?.microseconds == microseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1", "2026-01-01T00:00:00Zx", "0000-01-01T00:00:00Z",
        "20260101T000000Z", "2026-01-01T00:00:00+25:00", "２026-01-01T00:00:00Z",
    ])
    func refusesWhatNoCalendarHas(text: String) {
        #expect(Timestamp(rfc3339: Text(text)) == nil)
    }

    @Test(arguments: [Int64(0), 1, -1, 1_767_323_045_678_901, -62_135_596_800_000_000, 253_402_300_799_999_999])
    func whatIsWrittenIsReadBack(microseconds: Int64) {
        let timestamp = Timestamp(microseconds: microseconds)
        #expect(Timestamp(rfc3339: Text(timestamp.rfc3339)) == timestamp)
        #expect(Timestamp(rfc3339: Text(timestamp.sql)) == timestamp)
    }

    @Test func textOrderOfTheSQLFormIsTimeOrder() {
        let times = (0..<500).map { _ in Timestamp(microseconds: .random(in: 0...253_402_300_799_999_999)) }
        #expect(times.sorted().map(\.sql) == times.map(\.sql).sorted())
    }

    @Test func arithmeticSaturatesInsteadOfTrapping() {
        #expect(Timestamp(microseconds: .max) + .seconds(1) == Timestamp(microseconds: .max))
        #expect(Timestamp(microseconds: .min) - .seconds(1) == Timestamp(microseconds: .min))
        #expect(Timestamp(seconds: .max).microseconds == .max)
        #expect((MonotonicInstant(nanoseconds: .max) + .seconds(1)).nanoseconds == .max)
    }
}
