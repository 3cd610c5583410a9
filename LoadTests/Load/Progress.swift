// How a run is going, for whoever watches it: one line that is rewritten, on a terminal only.

import Reactor

/// The line on standard error.
struct Progress {
    private let isShown = StandardStream.error.isTerminal
    private var lastRequests = 0

    func phase(_ text: String) {
        guard isShown else { return }
        StandardStream.error.write(Array("\r\u{1B}[K\(text)".utf8))
    }

    /// - Parameters:
    ///   - passed: of the whole, in seconds.
    mutating func show(passed: Double, of whole: Double, requests: Int, failures: Int, p99Micros: Double) {
        defer { lastRequests = requests }
        guard isShown else { return }
        let width = 24
        let filled = min(width, max(0, Int(passed / max(whole, 0.001) * Double(width))))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
        phase(
            "[\(bar)] \(Figures.short(passed))/\(Figures.short(whole)) s  \(Figures.grouped(Double(requests - lastRequests)))/s  "
                + "p99 \(Figures.time(micros: p99Micros))\(failures > 0 ? "  \(failures) failures" : "")")
    }

    func end() {
        guard isShown else { return }
        StandardStream.error.write(Array("\r\u{1B}[K".utf8))
    }
}
