// How long a loop is busy without a break. A value; owned by its loop.

/// Times pieces of work that follow each other: where one ends, the next begins. One reading of the clock a piece, about 20 ns.
struct PieceClock {
    /// A piece that holds up every other connection for as long as this is counted.
    static let long = Duration.milliseconds(10)

    private static let longNanoseconds = long.wholeNanoseconds

    private var began = MonotonicInstant(nanoseconds: 0)
    private var longestNanoseconds: Int64 = 0
    /// Pieces of ``PieceClock/long`` or more.
    private(set) var long = 0

    var longest: Duration { .nanoseconds(longestNanoseconds) }

    /// A piece has begun.
    /// - Parameter instant: in whole milliseconds, rounded down, where libuv read it: the piece may seem a millisecond longer than it is.
    mutating func begin(at instant: MonotonicInstant) {
        began = instant
    }

    /// The piece has ended, and the next begins.
    mutating func end(at now: MonotonicInstant = .now()) {
        let nanoseconds = now.nanoseconds &- began.nanoseconds
        began = now
        guard nanoseconds > longestNanoseconds || nanoseconds >= PieceClock.longNanoseconds else { return }
        longestNanoseconds = max(longestNanoseconds, nanoseconds)
        if nanoseconds >= PieceClock.longNanoseconds { long &+= 1 }
    }
}
