// When something is due that is due again and again. Pure: the time comes as an argument, and all of it is UTC.

public import Reactor

/// The times that five fields name: minute, hour, day of the month, month, day of the week.
///
/// Like Vixie's cron: where both days are restricted, a day that fits either of them fits; a field that begins with `*` restricts
/// nothing for that purpose.
public struct CronExpression: Sendable, Hashable, CustomStringConvertible {
    /// As it was written.
    public let text: String
    /// A bit a value.
    let minutes: UInt64
    let hours: UInt64
    let daysOfMonth: UInt64
    let months: UInt64
    /// Sunday is 0.
    let daysOfWeek: UInt64
    let isDayOfMonthOpen: Bool
    let isDayOfWeekOpen: Bool

    /// The longest pause between two 29 Februaries of one weekday is 40 years, across 2100: what has not come by then never will.
    private static let searchedDays = 40 * 366
    /// 9999-12-31: later than that is no date of RFC 3339.
    private static let lastDay = 2_932_896

    /// Every day, at a full hour.
    /// - Parameter hour: 0 to 23.
    public static func daily(hour: Int) -> CronExpression {
        precondition((0...23).contains(hour))
        return CronExpression(
            text: "0 \(hour) * * *", minutes: 1, hours: 1 << UInt64(hour), daysOfMonth: 0xFFFF_FFFE, months: 0x1FFE,
            daysOfWeek: 0xFF, isDayOfMonthOpen: true, isDayOfWeekOpen: true)
    }

    /// The first time that is later than `time`; nil where there is none, such as for 31 February.
    public func next(after time: Timestamp) -> Timestamp? {
        let minute = CronExpression.quotient(Int(time.seconds), 60) + 1
        let first = CronExpression.quotient(minute, 1_440)
        let last = min(first + CronExpression.searchedDays, CronExpression.lastDay)
        guard first >= 0, first <= last else { return nil }
        for day in first...last where isOn(day: day) {
            let earliest = day == first ? minute - first * 1_440 : 0
            if let found = firstMinute(from: earliest) { return Timestamp(seconds: Int64(day * 86_400 + found * 60)) }
        }
        return nil
    }

    public var description: String { text }

    /// - Parameter day: since 1970-01-01.
    private func isOn(day: Int) -> Bool {
        let date = CivilDate(daysSince1970: day)
        guard months >> UInt64(date.month) & 1 == 1 else { return false }
        let isDayOfMonth = daysOfMonth >> UInt64(date.day) & 1 == 1
        // 1970-01-01 was a Thursday.
        let isDayOfWeek = daysOfWeek >> UInt64((day + 4) % 7) & 1 == 1
        return isDayOfMonthOpen || isDayOfWeekOpen ? isDayOfMonth && isDayOfWeek : isDayOfMonth || isDayOfWeek
    }

    /// The first minute of a day that fits.
    private func firstMinute(from earliest: Int) -> Int? {
        for hour in earliest / 60..<24 where hours >> UInt64(hour) & 1 == 1 {
            let start = hour == earliest / 60 ? earliest % 60 : 0
            for minute in start..<60 where minutes >> UInt64(minute) & 1 == 1 { return hour * 60 + minute }
        }
        return nil
    }

    private static func quotient(_ value: Int, _ divisor: Int) -> Int {
        value >= 0 ? value / divisor : -1 - (-1 - value) / divisor
    }
}
