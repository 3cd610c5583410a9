// Which characters a string is made of. One source for the regular expression that documents it and for the check itself:
// a scan without backtracking, so no input can make it slow.

import Reactor

/// A string of at least one character, all of them allowed: `^[A-Za-z0-9_]+$`.
struct CharacterPattern: Sendable {
    private let ranges: [ClosedRange<UInt8>]
    /// The same as a regular expression, for OpenAPI and for faults.
    let source: String

    /// - Parameters:
    ///   - ranges: runs of allowed ASCII letters and digits.
    ///   - others: allowed ASCII punctuation.
    init(_ ranges: [ClosedRange<Character>], and others: String = "") {
        // Declared in source, so a character outside ASCII is our own mistake.
        self.ranges = ranges.map { $0.lowerBound.asciiValue!...$0.upperBound.asciiValue! } + others.utf8.map { $0...$0 }
        let runs = ranges.map { "\($0.lowerBound)-\($0.upperBound)" }.joined()
        let escaped = others.map { "\\]^-".contains($0) ? "\\\($0)" : String($0) }.joined()
        source = "^[\(runs)\(escaped)]+$"
    }

    func matches(_ text: Text) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { byte in ranges.contains { $0.contains(byte) } }
    }
}
