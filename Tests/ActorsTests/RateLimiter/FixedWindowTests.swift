// The window, with a clock of the test's own.

@testable import Actors
import Reactor
import Testing

@Suite struct FixedWindowTests {
    private let rule = RateLimitRule(name: "r", limit: 3, window: .seconds(60), algorithm: .fixedWindow)
    /// 12:00:00 of some day, the beginning of a minute.
    private let noon = Timestamp(seconds: 1_767_355_200)

    @Test func countsUpToTheLimit() {
        var window = FixedWindow()
        for remaining in [2, 1, 0] {
            let decision = window.take(rule, now: noon + .seconds(15))
            #expect(decision.isAllowed)
            #expect(decision.remaining == remaining)
            #expect(decision.resetSeconds == 45)
        }
        let refused = window.take(rule, now: noon + .seconds(15))
        #expect(!refused.isAllowed)
        #expect(refused.retryAfter == 45)
    }

    @Test func windowsBeginWithTheClocks() {
        var window = FixedWindow()
        for _ in 0..<4 { _ = window.take(rule, now: noon + .milliseconds(59_999)) }
        #expect(!window.take(rule, now: noon + .milliseconds(59_999)).isAllowed)
        let next = window.take(rule, now: noon + .seconds(60))
        #expect(next.isAllowed)
        #expect(next.remaining == 2)
        #expect(window.startsAt == noon + .seconds(60))
    }

    @Test func retryAfterIsAWholeSecondAtLeast() {
        var window = FixedWindow()
        for _ in 0..<3 { _ = window.take(rule, now: noon + .milliseconds(59_999)) }
        #expect(window.take(rule, now: noon + .milliseconds(59_999)).retryAfter == 1)
    }

    @Test func survivesTimesBefore1970AndTheEndsOfTime() {
        for microseconds in [Int64.min, -1, 0, .max] {
            var window = FixedWindow()
            _ = window.take(rule, now: Timestamp(microseconds: microseconds))
            #expect(window.count == 1)
        }
        var window = FixedWindow()
        _ = window.take(rule, now: Timestamp(microseconds: -1))
        #expect(window.startsAt == Timestamp(seconds: -60))
    }
}
