// The date format of HTTP.

import Reactor
import Testing

@Suite struct HTTPDateTests {
    @Test(
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
            (3_981_398_400, "Thu, 01 Mar 2096 00:00:00 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (-62_135_596_800, "Mon, 01 Jan 0001 00:00:00 GMT"),
        ] as [(Int64, String)])
    func writesTheDate(seconds: Int64, written: String) {
        #expect(HTTPDate.string(Timestamp(seconds: seconds)) == written)
    }

    @Test func fractionsAreCutOff() {
        #expect(HTTPDate.string(Timestamp(microseconds: 999_999)) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(HTTPDate.string(Timestamp(microseconds: -1)) == "Wed, 31 Dec 1969 23:59:59 GMT")
    }

    @Test func yearsThatDoNotFitBecomeTheNearestThatDoes() {
        #expect(HTTPDate.string(Timestamp(microseconds: .max)) == "Fri, 31 Dec 9999 23:59:59 GMT")
        #expect(HTTPDate.string(Timestamp(microseconds: .min)) == "Mon, 01 Jan 0001 00:00:00 GMT")
    }

    @Test func everyDayFollowsTheOneBefore() {
        let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        for day in 0..<50_000 {
            let written = HTTPDate.string(Timestamp(seconds: Int64(day) * 86_400))
            let words = written.split(separator: " ")
            guard words.count == 6, words[0] == "\(names[day % 7]),", words[4] == "00:00:00" else {
                Issue.record("day \(day): \(written)")
                return
            }
        }
    }

    @Test func appendingKeepsWhatIsThere() {
        var bytes = Array("Date: ".utf8)
        HTTPDate.append(Timestamp(seconds: 0), to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "Date: Thu, 01 Jan 1970 00:00:00 GMT")
    }
}
