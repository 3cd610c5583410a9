// Line plots as SVG text: axes, grid, one or more lines. Pure; no script, so that a report can be opened anywhere.

/// A plot with a linear or logarithmic vertical axis.
struct Plot {
    struct Line {
        let name: String
        /// In the plot's own units.
        let points: [(x: Double, y: Double)]
        /// Which of the report's colours.
        let color: Int
    }

    struct Tick {
        let position: Double
        let label: String
    }

    let title: String
    let xLabel: String
    let yLabel: String
    let lines: [Line]
    let xTicks: [Tick]
    let isLogarithmic: Bool
    let formatY: (Double) -> String

    private static let width = 720.0
    private static let height = 300.0
    private static let left = 76.0
    private static let right = 16.0
    private static let top = 12.0
    private static let bottom = 44.0

    /// An SVG element with its caption.
    var svg: String {
        let points = lines.flatMap(\.points)
        guard let maxX = points.map(\.x).max(), let minX = points.map(\.x).min(), points.count > 1 else {
            return "<figure><figcaption>\(title)</figcaption><p>Too little was measured for a plot.</p></figure>"
        }
        let yTicks = yTicks(points.map(\.y))
        let low = isLogarithmic ? log(yTicks.first ?? 1) : 0
        let high = isLogarithmic ? log(yTicks.last ?? 10) : yTicks.last ?? 1
        func x(_ value: Double) -> Double {
            Plot.left + (value - minX) / max(maxX - minX, .ulpOfOne) * (Plot.width - Plot.left - Plot.right)
        }
        func y(_ value: Double) -> Double {
            let position = isLogarithmic ? log(max(value, yTicks.first ?? 1)) : value
            return Plot.top + (1 - (position - low) / max(high - low, .ulpOfOne)) * (Plot.height - Plot.top - Plot.bottom)
        }
        var parts: [String] = []
        for tick in yTicks {
            let height = number(y(tick))
            parts.append(
                "<line class=\"grid\" x1=\"\(number(Plot.left))\" x2=\"\(number(Plot.width - Plot.right))\" y1=\"\(height)\" y2=\"\(height)\"/>"
            )
            parts.append("<text class=\"y\" x=\"\(number(Plot.left - 8))\" y=\"\(height)\">\(formatY(tick))</text>")
        }
        for tick in xTicks where tick.position >= minX && tick.position <= maxX {
            let place = number(x(tick.position))
            parts.append(
                "<line class=\"grid\" x1=\"\(place)\" x2=\"\(place)\" y1=\"\(number(Plot.top))\" y2=\"\(number(Plot.height - Plot.bottom))\"/>"
            )
            parts.append("<text class=\"x\" x=\"\(place)\" y=\"\(number(Plot.height - Plot.bottom + 18))\">\(tick.label)</text>")
        }
        parts.append("<text class=\"x\" x=\"\(number((Plot.left + Plot.width) / 2))\" y=\"\(number(Plot.height - 6))\">\(xLabel)</text>")
        for line in lines {
            let path = line.points.map { "\(number(x($0.x))),\(number(y($0.y)))" }.joined(separator: " ")
            parts.append("<polyline class=\"line c\(line.color)\" points=\"\(path)\"/>")
        }
        let legend = lines.count < 2 ? "" : lines.map { "<span class=\"key k\($0.color)\">\($0.name)</span>" }.joined(separator: " ")
        return """
            <figure><figcaption>\(title) <small>\(yLabel)</small> \(legend)</figcaption>
            <svg viewBox="0 0 \(number(Plot.width)) \(number(Plot.height))" role="img" aria-label="\(title)">
            \(parts.joined(separator: "\n"))
            </svg></figure>
            """
    }

    // MARK: Axes

    private func yTicks(_ values: [Double]) -> [Double] {
        let largest = max(values.max() ?? 1, .ulpOfOne)
        guard isLogarithmic else { return linearTicks(upTo: largest) }
        let smallest = max(values.filter { $0 > 0 }.min() ?? 1, 1e-3)
        var ticks: [Double] = []
        var decade = 1.0
        while decade > smallest { decade /= 10 }
        while decade * 10 <= smallest { decade *= 10 }
        while ticks.last ?? 0 < largest, ticks.count < 40 {
            for step in [1.0, 2, 5] where (ticks.last ?? 0) < largest && decade * step * 2.5 > smallest { ticks.append(decade * step) }
            decade *= 10
        }
        return ticks
    }

    private func linearTicks(upTo largest: Double) -> [Double] {
        var step = 1.0
        while step > largest { step /= 10 }
        while step * 10 < largest { step *= 10 }
        for divisor in [5.0, 2.5, 2] where largest / (step / divisor) <= 6 {
            step /= divisor
            break
        }
        let count = Int((largest / step).rounded(.up))
        return (0...max(1, min(count, 12))).map { Double($0) * step }
    }

    private func log(_ value: Double) -> Double { Logarithm.base10(value) }
    private func number(_ value: Double) -> String { Figures.short(value) }
}

/// Base-ten logarithms without a C library: halving and squaring give as many digits as a plot can show.
enum Logarithm {
    static func base10(_ value: Double) -> Double { binary(value) / binary(10) }

    private static func binary(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return 0 }
        var result = Double(value.exponent)
        var mantissa = value.significand
        var weight = 0.5
        for _ in 0..<40 {
            mantissa *= mantissa
            if mantissa >= 2 {
                mantissa /= 2
                result += weight
            }
            weight /= 2
        }
        return result
    }
}
