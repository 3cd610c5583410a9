// Text -> CronExpression: `*/15 8-18 * * mon-fri`, `@daily`. Pure.

/// Why a text is no cron expression. Quotes none of it.
public struct CronSyntaxError: Error, Sendable, Hashable {
    public let reason: String
}

extension CronExpression {
    /// Reads five fields of numbers, names (`jan`, `mon`), ranges, lists and steps, or one of `@yearly`, `@annually`, `@monthly`,
    /// `@weekly`, `@daily`, `@midnight`, `@hourly`.
    public init(_ text: String) throws(CronSyntaxError) {
        guard text.utf8.count <= 200 else { throw CronSyntaxError(reason: "it is too long") }
        let fields = (CronParser.shorthands[text.lowercased()] ?? text).split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard fields.count == 5 else {
            throw CronSyntaxError(reason: "expected five fields: minute, hour, day of the month, month, day of the week")
        }
        var daysOfWeek = try CronParser.weekday.parse(fields[4])
        // 7 is Sunday too.
        if daysOfWeek >> 7 & 1 == 1 { daysOfWeek |= 1 }
        self.init(
            text: text, minutes: try CronParser.minute.parse(fields[0]), hours: try CronParser.hour.parse(fields[1]),
            daysOfMonth: try CronParser.day.parse(fields[2]), months: try CronParser.month.parse(fields[3]), daysOfWeek: daysOfWeek,
            isDayOfMonthOpen: fields[2].hasPrefix("*"), isDayOfWeekOpen: fields[4].hasPrefix("*"))
    }
}

/// One field of an expression.
struct CronParser: Sendable {
    let name: String
    let range: ClosedRange<Int>
    /// Of the values from the range's lowest on.
    var names: [Substring] = []

    static let minute = CronParser(name: "minute", range: 0...59)
    static let hour = CronParser(name: "hour", range: 0...23)
    static let day = CronParser(name: "day of the month", range: 1...31)
    static let month = CronParser(
        name: "month", range: 1...12,
        names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
    static let weekday = CronParser(
        name: "day of the week", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])

    static let shorthands = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    /// The values of a field, a bit each.
    func parse(_ field: Substring) throws(CronSyntaxError) -> UInt64 {
        var bits: UInt64 = 0
        for part in field.split(separator: ",", omittingEmptySubsequences: false) {
            let (values, step) = try self.part(part)
            for value in stride(from: values.lowerBound, through: values.upperBound, by: step) { bits |= 1 << UInt64(value) }
        }
        return bits
    }

    /// `*`, `5`, `1-5`, each with `/step` or without; `5/10` means from 5 to the end.
    private func part(_ text: Substring) throws(CronSyntaxError) -> (ClosedRange<Int>, step: Int) {
        let pieces = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var step = 1
        if pieces.count == 2 {
            guard let number = number(pieces[1]), (1...range.upperBound).contains(number) else {
                throw CronSyntaxError(reason: "the \(name) has a step that is no number from 1 to \(range.upperBound)")
            }
            step = number
        }
        if pieces[0] == "*" { return (range, step) }
        let ends = pieces[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let first = try value(ends[0])
        let last = ends.count == 2 ? try value(ends[1]) : (pieces.count == 2 ? range.upperBound : first)
        guard first <= last else { throw CronSyntaxError(reason: "the \(name) has a range that runs backwards") }
        return (first...last, step)
    }

    private func value(_ text: Substring) throws(CronSyntaxError) -> Int {
        let lowercased = text.lowercased()
        if let index = names.firstIndex(where: { $0 == lowercased }) { return range.lowerBound + index }
        guard let number = number(text), range.contains(number) else {
            throw CronSyntaxError(reason: "the \(name) is not from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Digits only: `Int` would take a sign too.
    private func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }
}
