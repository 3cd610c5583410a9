// When something is due, with clocks of the test's own.

import Actors
import Reactor
import Testing

@Suite struct CronExpressionTests {
    private func next(_ text: String, after time: String) throws -> String? {
        let start = try #require(Timestamp(rfc3339: Text(time)))
        return try CronExpression(text).next(after: start)?.rfc3339
    }

    @Test(arguments: [
        ("* * * * *", "2026-01-02T03:04:05Z", "2026-01-02T03:05:00Z"),
        ("* * * * *", "2026-01-02T03:04:00Z", "2026-01-02T03:05:00Z"),
        ("*/15 * * * *", "2026-01-02T03:46:00Z", "2026-01-02T04:00:00Z"),
        ("5/20 * * * *", "2026-01-02T03:26:00Z", "2026-01-02T03:45:00Z"),
        ("0 3 * * *", "2026-01-02T03:00:00Z", "2026-01-03T03:00:00Z"),
        ("0 3 * * *", "2026-12-31T23:59:59.999999Z", "2027-01-01T03:00:00Z"),
        ("30 8-18/5 * * *", "2026-01-02T08:31:00Z", "2026-01-02T13:30:00Z"),
        ("0 9 * * mon-fri", "2026-01-02T09:00:00Z", "2026-01-05T09:00:00Z"),
        ("0 9 * * 7", "2026-01-02T00:00:00Z", "2026-01-04T09:00:00Z"),
        ("0 9 * * 0", "2026-01-02T00:00:00Z", "2026-01-04T09:00:00Z"),
        ("0 0 1 jan,JUL *", "2026-01-02T00:00:00Z", "2026-07-01T00:00:00Z"),
        ("59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"),
    ])
    func theNextTimeIsTheFirstThatFits(_ text: String, _ time: String, _ expected: String) throws {
        #expect(try next(text, after: time) == expected)
    }

    @Test(arguments: [
        ("@yearly", "2027-01-01T00:00:00Z"), ("@annually", "2027-01-01T00:00:00Z"), ("@monthly", "2026-02-01T00:00:00Z"),
        ("@weekly", "2026-01-04T00:00:00Z"), ("@daily", "2026-01-03T00:00:00Z"), ("@midnight", "2026-01-03T00:00:00Z"),
        ("@Hourly", "2026-01-02T04:00:00Z"),
    ])
    func namesStandForExpressions(_ text: String, _ expected: String) throws {
        #expect(try next(text, after: "2026-01-02T03:04:05Z") == expected)
    }

    @Test func ofTwoRestrictedDaysEitherFits() throws {
        // Friday the 13th is no special day to cron: it is every Friday, and every 13th.
        #expect(try next("0 0 13 * fri", after: "2026-01-02T00:00:00Z") == "2026-01-09T00:00:00Z")
        #expect(try next("0 0 13 * fri", after: "2026-01-09T00:00:00Z") == "2026-01-13T00:00:00Z")
        // A field that begins with an asterisk restricts the other one instead.
        #expect(try next("0 0 */2 * fri", after: "2026-01-02T00:00:00Z") == "2026-01-09T00:00:00Z")
        #expect(try next("0 0 */2 * fri", after: "2026-01-09T00:00:00Z") == "2026-01-23T00:00:00Z")
    }

    @Test func leapDaysAreFoundAcrossACenturyWithoutOne() throws {
        #expect(try next("0 0 29 2 *", after: "2026-03-01T00:00:00Z") == "2028-02-29T00:00:00Z")
        #expect(try next("0 0 29 2 *", after: "2096-02-29T00:00:00Z") == "2104-02-29T00:00:00Z")
    }

    @Test func daysThatNoMonthHasNeverCome() throws {
        #expect(try next("0 0 31 2 *", after: "2026-01-02T00:00:00Z") == nil)
        #expect(try next("0 0 30 2 *", after: "2026-01-02T00:00:00Z") == nil)
        #expect(try next("0 0 31 4,6,9,11 *", after: "2026-01-02T00:00:00Z") == nil)
    }

    @Test func timesAtTheEdgesOfTheCalendarDoNotTrap() throws {
        let expression = try CronExpression("* * * * *")
        for time in [Timestamp(microseconds: .min), Timestamp(microseconds: .max), Timestamp(seconds: 253_402_300_799)] {
            #expect(expression.next(after: time) == nil)
        }
        #expect(expression.next(after: Timestamp(seconds: -1)) == Timestamp(seconds: 0))
    }

    @Test(arguments: [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * 0 *", "* * * * 8",
        "-1 * * * *", "+1 * * * *", "1-0 * * * *", "5-1 * * * *", "*/0 * * * *", "*/60 * * * *", "*/ * * * *", "1,, * * * *", ", * * * *",
        "1- * * * *", "a * * * *", "* * * foo *", "* * * * fri-mon", "99999999999999999999 * * * *", "@reboot", "1/2/3 * * * *",
        "* * mon * *", "1 2 3 4 5\u{0}", "１ * * * *", String(repeating: "1,", count: 200) + "1 * * * *",
    ])
    func whatIsNoExpressionIsRefused(_ text: String) {
        #expect(throws: CronSyntaxError.self) { try CronExpression(text) }
    }

    @Test func aDailyExpressionIsWhatItsTextSays() throws {
        for hour in 0...23 { #expect(try CronExpression.daily(hour: hour) == CronExpression("0 \(hour) * * *")) }
    }

    @Test func everyTimeThatIsFoundIsALaterOneThatFits() throws {
        // The slow way: minute by minute, with a field each.
        let expression = try CronExpression("7-50/13 */5 1,15,28-31 2-11/3 sat")
        var time = try #require(Timestamp(rfc3339: "2026-01-01T00:00:00Z"))
        for _ in 0..<200 {
            let found = try #require(expression.next(after: time))
            #expect(found > time)
            let text = found.rfc3339
            func number(_ offset: Int) -> Int { Int(text.dropFirst(offset).prefix(2)) ?? -1 }
            let weekday = (found.seconds / 86_400 + 4) % 7
            #expect([7, 20, 33, 46].contains(number(14)) && number(11) % 5 == 0 && [2, 5, 8, 11].contains(number(5)))
            #expect([1, 15, 28, 29, 30, 31].contains(number(8)) || weekday == 6)
            time = found
        }
    }
}
