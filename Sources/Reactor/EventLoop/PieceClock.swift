// How long a loop is busy without a break. A value; owned by its loop.

/// Times pieces of work that follow each other: where one ends, the next begins. One reading of the clock a piece, about 20 ns.
struct PieceClock {
    /// Pieces that take so long are counted: every other connection waits for them.
    static let threshold = Duration.milliseconds(10)

    private static let thresholdNanoseconds = threshold.wholeNanoseconds

    private var began = MonotonicInstant(nanoseconds: 0)
    private var longestNanoseconds: Int64 = 0
    /// Pieces of ``PieceClock/threshold`` or more.
    private(set) var longPieces = 0

    var longest: Duration { .nanoseconds(longestNanoseconds) }

    /// A piece has begun.
    /// - Parameter instant: in whole milliseconds, rounded down, where libuv read it: the piece may seem a millisecond longer than it is.
    mutating func begin(at instant: MonotonicInstant) {
        began = instant
    }

    /// How long the piece has taken so far.
    var elapsed: Duration { .nanoseconds(MonotonicInstant.now().nanoseconds &- began.nanoseconds) }

    /// The piece has ended, and the next begins.
    mutating func end(at now: MonotonicInstant = .now()) {
        let nanoseconds = now.nanoseconds &- began.nanoseconds
        began = now
        guard nanoseconds > longestNanoseconds || nanoseconds >= PieceClock.thresholdNanoseconds else { return }
        longestNanoseconds = max(longestNanoseconds, nanoseconds)
        if nanoseconds >= PieceClock.thresholdNanoseconds { longPieces &+= 1 }
    }
}
