// Sizes and times as people write them. Pure.

/// Sizes as people write them.
enum ByteCount {
    private static let units: [(suffix: String, bytes: Int)] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]

    static func parse(_ text: String) -> Int? {
        for unit in units where text.hasSuffix(unit.suffix) {
            guard let count = Int(text.dropLast(unit.suffix.count).trimmed) else { return nil }
            let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
            return overflow ? nil : bytes
        }
        return Int(text)
    }

    static func render(_ bytes: Int) -> String {
        for unit in units where bytes >= unit.bytes && bytes % unit.bytes == 0 { return "\(bytes / unit.bytes)\(unit.suffix)" }
        return String(bytes)
    }
}

/// Times as people write them.
enum DurationText {
    private static let units: [(suffix: String, milliseconds: Int)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text.dropFirst(digits.count).trimmed
        guard let count = Int(digits), let unit = units.first(where: { $0.suffix == (suffix.isEmpty ? "s" : suffix) }) else { return nil }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
        return overflow ? nil : .milliseconds(milliseconds)
    }

    static func render(_ duration: Duration) -> String {
        let milliseconds = Int(duration / .milliseconds(1))
        guard milliseconds > 0 else { return "0s" }
        // The largest unit that states it exactly, but no days for what people call hours.
        let unit = units.last { milliseconds % $0.milliseconds == 0 && (milliseconds / $0.milliseconds > 1 || $0.milliseconds <= 1_000) }
        guard let unit else { return "\(milliseconds)ms" }
        return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
    }
}
