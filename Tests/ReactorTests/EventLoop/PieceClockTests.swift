// How long a loop is busy without a break.

@testable import Reactor
import TestSupport
import Testing

@Suite struct PieceClockTests {
    private func instant(_ milliseconds: Int64) -> MonotonicInstant { MonotonicInstant(nanoseconds: milliseconds * 1_000_000) }

    @Test func theLongestPieceIsKeptAndTheLongOnesAreCounted() {
        var clock = PieceClock()
        clock.begin(at: instant(1_000))
        clock.end(at: instant(1_003))
        #expect(clock.longest == .milliseconds(3) && clock.longPieces == 0)
        // Where one ends the next begins.
        clock.end(at: instant(1_012))
        #expect(clock.longest == .milliseconds(9) && clock.longPieces == 0)
        clock.end(at: instant(1_022))
        #expect(clock.longest == .milliseconds(10) && clock.longPieces == 1)
        // What the loop slept through is nobody's.
        clock.begin(at: instant(9_000))
        clock.end(at: instant(9_001))
        clock.end(at: instant(9_012))
        #expect(clock.longest == .milliseconds(11) && clock.longPieces == 2)
    }

    @Test func aJobThatHoldsTheLoopIsSeen() async throws {
        let (before, after) = try await withLoop { isolation in
            let loop = isolation.loop
            let before = loop.statistics.longPieces
            let end = MonotonicInstant.now() + .milliseconds(20)
            while MonotonicInstant.now() < end {}
            // The piece ends with the job: the next look is another one's.
            try await loop.sleep(for: .milliseconds(1))
            let statistics = loop.statistics
            #expect(statistics.longestPiece >= .milliseconds(20))
            return (before, statistics.longPieces)
        }
        #expect(after > before)
    }
}
