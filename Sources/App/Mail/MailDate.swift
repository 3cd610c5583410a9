// Dates in the header of mails. Pure.

import Reactor

/// `Wed, 02 Jan 2030 03:04:05 +0000` (RFC 5322 3.3).
enum MailDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func text(_ now: Timestamp) -> String {
        // 1970-01-01 was a Thursday.
        let day = Int(max(0, now.seconds)) / 86_400
        let date = CivilDate(daysSince1970: day)
        let text = now.rfc3339
        let time = text.dropFirst(11).prefix(8)
        return "\(days[day % 7]), \(text.dropFirst(8).prefix(2)) \(months[date.month - 1]) \(text.prefix(4)) \(time) +0000"
    }
}
