// Numbers as people read them. Pure.

enum Figures {
    /// Three significant digits or all before the point: `1234`, `12.3`, `0.0123`.
    static func short(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        let size = abs(value)
        guard size > 0 else { return "0" }
        let places = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : size >= 0.01 ? 4 : 5
        return fixed(value, places)
    }

    /// With thousands apart: `12,345`.
    static func grouped(_ value: Double) -> String {
        let digits = fixed(abs(value), 0)
        var text = ""
        for (index, digit) in digits.reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + String(text.reversed())
    }

    /// Microseconds in the unit that suits them: `850 us`, `12.3 ms`, `1.20 s`.
    static func time(micros: Double) -> String {
        if micros < 1_000 { return "\(short(micros)) us" }
        if micros < 1_000_000 { return "\(short(micros / 1_000)) ms" }
        return "\(short(micros / 1_000_000)) s"
    }

    static func bytes(_ count: Double) -> String {
        var value = count
        for unit in ["B", "KiB", "MiB"] {
            if value < 1_024 { return "\(short(value)) \(unit)" }
            value /= 1_024
        }
        return "\(short(value)) GiB"
    }

    private static func fixed(_ value: Double, _ places: Int) -> String {
        var factor = 1.0
        for _ in 0..<places { factor *= 10 }
        let scaled = (abs(value) * factor).rounded()
        guard scaled < 1e15 else { return "\(value)" }
        let whole = Int(scaled)
        let sign = value < 0 && whole > 0 ? "-" : ""
        guard places > 0 else { return sign + String(whole) }
        let divisor = Int(factor)
        let fraction = String(whole % divisor)
        return "\(sign)\(whole / divisor)." + String(repeating: "0", count: places - fraction.count) + fraction
    }
}
