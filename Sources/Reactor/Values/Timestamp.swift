// Wall-clock time, as both databases and the API carry it: microseconds, UTC. A value; any thread.

import CLibuv
import Glibc

/// Microseconds since 1970-01-01T00:00:00Z, without leap seconds: the resolution of PostgreSQL's `timestamptz`.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var microseconds: Int64

    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, as JWT's `iat` and `exp` have them; clamped to the representable range.
    public init(seconds: Int64) {
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        microseconds = overflow ? (seconds < 0 ? .min : .max) : scaled
    }

    /// Reads the system's wall clock.
    public static func now() -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    public var seconds: Int64 {
        // Of the two forms of rounding down this one does not overflow at the lowest value.
        microseconds >= 0 ? microseconds / 1_000_000 : -1 - (-1 - microseconds) / 1_000_000
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    /// Saturates instead of overflowing.
    public static func + (timestamp: Timestamp, duration: Duration) -> Timestamp {
        let (sum, overflow) = timestamp.microseconds.addingReportingOverflow(duration.wholeNanoseconds / 1_000)
        return Timestamp(microseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    /// Saturates instead of overflowing.
    public static func - (timestamp: Timestamp, duration: Duration) -> Timestamp {
        timestamp + (.zero - duration)
    }

    public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        let (difference, overflow) = later.microseconds.subtractingReportingOverflow(earlier.microseconds)
        return .microseconds(overflow ? (later < earlier ? .min : .max) : difference)
    }

    public var description: String { rfc3339 }
}

// MARK: - Writing

extension Timestamp {
    /// RFC 3339 in UTC, `2026-01-02T03:04:05.678901Z`; the fraction is left out where it is zero.
    public var rfc3339: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(27)
        appendRFC3339(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends ``rfc3339`` without making a string.
    public func appendRFC3339(to bytes: inout [UInt8]) {
        appendDateAndTime(to: &bytes, separator: UInt8(ascii: "T"))
        let fraction = microseconds - seconds * 1_000_000
        if fraction != 0 {
            bytes.append(UInt8(ascii: "."))
            Timestamp.append(Int(fraction), digits: 6, to: &bytes)
        }
        bytes.append(UInt8(ascii: "Z"))
    }

    /// `2026-01-02 03:04:05.678901`, UTC and of fixed width, so that text order is time order: what SQLite stores
    /// (and what SQLAlchemy wrote before us).
    public var sql: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(26)
        appendDateAndTime(to: &bytes, separator: UInt8(ascii: " "))
        bytes.append(UInt8(ascii: "."))
        Timestamp.append(Int(microseconds - seconds * 1_000_000), digits: 6, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func appendDateAndTime(to bytes: inout [UInt8], separator: UInt8) {
        let seconds = Int(self.seconds)
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let secondOfDay = seconds - days * 86_400
        let date = CivilDate(daysSince1970: days)
        Timestamp.append(date.year, digits: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Timestamp.append(date.month, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Timestamp.append(date.day, digits: 2, to: &bytes)
        bytes.append(separator)
        Timestamp.append(secondOfDay / 3_600, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        Timestamp.append(secondOfDay / 60 % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        Timestamp.append(secondOfDay % 60, digits: 2, to: &bytes)
    }

    private static func append(_ value: Int, digits: Int, to bytes: inout [UInt8]) {
        for _ in 0..<digits { bytes.append(UInt8(ascii: "0")) }
        // From the last digit to the first: dividing by a constant is a multiplication.
        var rest = value.magnitude
        var index = bytes.count
        for _ in 0..<digits {
            index -= 1
            bytes[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }
}

// MARK: - Reading

extension Timestamp {
    /// Reads an RFC 3339 date-time (`2026-01-02T03:04:05Z`, `...05.25+01:00`), or the SQL form with a space and without a
    /// zone, which is taken as UTC. Digits past microseconds are dropped. Nil for anything else, and for dates that no
    /// calendar has.
    public init?(rfc3339 text: Text) {
        var reader = DigitReader(bytes: Array(text.utf8))
        guard let year = reader.number(digits: 4), reader.skip("-"),
            let month = reader.number(digits: 2), reader.skip("-"),
            let day = reader.number(digits: 2),
            let date = CivilDate(year: year, month: month, day: day),
            reader.skip("T") || reader.skip("t") || reader.skip(" "),
            let hour = reader.number(digits: 2), hour < 24, reader.skip(":"),
            let minute = reader.number(digits: 2), minute < 60
        else { return nil }
        var second = 0
        var fraction = 0
        if reader.skip(":") {
            guard let value = reader.number(digits: 2), value < 60 else { return nil }
            second = value
            if reader.skip(".") {
                guard let value = reader.fraction() else { return nil }
                fraction = value
            }
        }
        guard let offset = reader.zoneOffsetSeconds(), reader.isAtEnd else { return nil }
        let seconds = date.daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second - offset
        microseconds = Int64(seconds) * 1_000_000 + Int64(fraction)
    }
}

/// Reads fixed-width decimal fields off a short text.
private struct DigitReader {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func number(digits: Int) -> Int? {
        guard bytes.count - position >= digits else { return nil }
        var value = 0
        for _ in 0..<digits {
            guard let digit = nextDigit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// One or more digits behind the point, as microseconds.
    mutating func fraction() -> Int? {
        var value = 0
        var digits = 0
        while position < bytes.count, let digit = nextDigit() {
            if digits < 6 { value = value * 10 + digit }
            digits += 1
        }
        guard digits > 0 else { return nil }
        for _ in min(digits, 6)..<6 { value *= 10 }
        return value
    }

    /// `Z`, `+hh:mm`, `-hh:mm`, `+hhmm`, `+hh`, or nothing, which means UTC. Nil where something else stands.
    mutating func zoneOffsetSeconds() -> Int? {
        if isAtEnd || skip("Z") || skip("z") { return 0 }
        let sign = skip("+") ? 1 : (skip("-") ? -1 : 0)
        guard sign != 0, let hours = number(digits: 2), hours < 24 else { return nil }
        guard !isAtEnd else { return sign * hours * 3_600 }
        _ = skip(":")
        guard let minutes = number(digits: 2), minutes < 60 else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }

    private mutating func nextDigit() -> Int? {
        let byte = bytes[position]
        guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        position += 1
        return Int(byte - UInt8(ascii: "0"))
    }
}
