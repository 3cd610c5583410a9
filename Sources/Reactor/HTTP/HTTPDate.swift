// IMF-fixdate, the date format of HTTP (RFC 9110 5.6.7). Pure.

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
public enum HTTPDate {
    private static let days: [StaticString] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Appends `timestamp`'s date, to the second.
    public static func append(_ timestamp: Timestamp, to bytes: inout [UInt8]) {
        // Four digits hold the years up to 9999; a file's time may claim any other.
        let seconds = min(max(Int(timestamp.seconds), -62_135_596_800), 253_402_300_799)
        let dayNumber = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let second = seconds - dayNumber * 86_400
        let date = CivilDate(daysSince1970: dayNumber)
        // 1970-01-01 was a Thursday.
        append(days[((dayNumber % 7) + 7) % 7], to: &bytes)
        bytes.append(contentsOf: ", ".utf8)
        append(date.day, digits: 2, to: &bytes)
        bytes.append(0x20)
        append(months[date.month - 1], to: &bytes)
        bytes.append(0x20)
        append(date.year, digits: 4, to: &bytes)
        bytes.append(0x20)
        append(second / 3_600, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(second / 60 % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(second % 60, digits: 2, to: &bytes)
        bytes.append(contentsOf: " GMT".utf8)
    }

    /// `timestamp`'s date as a string, as for Last-Modified.
    public static func string(_ timestamp: Timestamp) -> String {
        var bytes: [UInt8] = []
        append(timestamp, to: &bytes)
        return String(ascii: bytes)
    }

    private static func append(_ text: StaticString, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "\(text)".utf8)
    }

    private static func append(_ value: Int, digits: Int, to bytes: inout [UInt8]) {
        var divisor = digits == 4 ? 1_000 : 10
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
