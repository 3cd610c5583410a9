// How many rows a request asks for. Pure; any thread.

import Reactor

/// `?queries=N` and `?count=N`.
enum QueryCount {
    /// What the rules allow; numbers outside are taken as the nearest one.
    static let range = 1...500

    /// - Parameters:
    ///   - name: the parameter's, with its equals sign.
    ///   - query: what follows the `?`.
    /// - Returns: 1 where the parameter is absent or not a number.
    static func read(_ name: String, from query: Text?) -> Int {
        guard let query, let field = query.utf8.split(separator: UInt8(ascii: "&")).first(where: { $0.starts(with: name.utf8) }) else {
            return range.lowerBound
        }
        var count = 0
        for digit in field.dropFirst(name.utf8.count) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return range.lowerBound }
            // Clamped at every digit: as many of them as a request can hold must not overflow.
            count = min(count * 10 + Int(digit - UInt8(ascii: "0")), range.upperBound)
        }
        return max(count, range.lowerBound)
    }
}
