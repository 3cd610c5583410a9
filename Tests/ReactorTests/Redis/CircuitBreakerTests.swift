// The breaker and the back-off, with a clock of the test's own.

@testable import Reactor
import Testing

@Suite struct CircuitBreakerTests {
    private let start = MonotonicInstant(nanoseconds: 1_000_000_000)

    private func opened() -> CircuitBreaker {
        var breaker = CircuitBreaker(failureThreshold: 3, openInterval: .seconds(5))
        for _ in 0..<3 { breaker.failed(breaker.admit(now: start), now: start) }
        return breaker
    }

    @Test func opensAfterFailuresInARow() {
        var breaker = CircuitBreaker(failureThreshold: 3, openInterval: .seconds(5))
        breaker.failed(.pass, now: start)
        breaker.failed(.pass, now: start)
        #expect(breaker.admit(now: start) == .pass)
        breaker.failed(.pass, now: start)
        #expect(breaker.admit(now: start) == .refuse)
    }

    @Test func aSuccessBeginsTheCountAnew() {
        var breaker = CircuitBreaker(failureThreshold: 3, openInterval: .seconds(5))
        for _ in 0..<10 {
            breaker.failed(.pass, now: start)
            breaker.failed(.pass, now: start)
            breaker.succeeded(.pass)
        }
        #expect(breaker.isClosed)
    }

    @Test func staysOpenForItsInterval() {
        var breaker = opened()
        #expect(breaker.admit(now: start + .milliseconds(4_999)) == .refuse)
        #expect(breaker.admit(now: start + .seconds(5)) == .probe)
    }

    @Test func letsOneProbeThrough() {
        var breaker = opened()
        let later = start + .seconds(5)
        #expect(breaker.admit(now: later) == .probe)
        #expect(breaker.admit(now: later) == .refuse)
        breaker.succeeded(.probe)
        #expect(breaker.admit(now: later) == .pass)
    }

    @Test func aFailedProbeOpensItAgain() {
        var breaker = opened()
        let later = start + .seconds(5)
        _ = breaker.admit(now: later)
        breaker.failed(.probe, now: later + .milliseconds(100))
        #expect(breaker.admit(now: later + .seconds(5)) == .refuse)
        #expect(breaker.admit(now: later + .milliseconds(5_100)) == .probe)
    }

    @Test func stragglersDoNotDecideForTheProbe() {
        var breaker = opened()
        breaker.succeeded(.pass)
        #expect(!breaker.isClosed)
        let later = start + .seconds(5)
        _ = breaker.admit(now: later)
        breaker.succeeded(.pass)
        breaker.failed(.pass, now: later)
        #expect(breaker.state == .halfOpen(since: later))
    }

    @Test func anAbandonedProbeMakesRoomForAnother() {
        var breaker = opened()
        let later = start + .seconds(5)
        _ = breaker.admit(now: later)
        breaker.abandoned(.probe, now: later)
        #expect(breaker.admit(now: later) == .probe)
    }

    @Test func aLostProbeDoesNotKeepItHalfOpen() {
        var breaker = opened()
        let later = start + .seconds(5)
        _ = breaker.admit(now: later)
        #expect(breaker.admit(now: later + .seconds(5)) == .probe)
    }

    @Test func aNewConnectionIsOnProbation() {
        var breaker = opened()
        breaker.connected()
        #expect(breaker.admit(now: start) == .pass)
        breaker.failed(.pass, now: start)
        #expect(breaker.admit(now: start) == .refuse)
    }

    @Test func aNewConnectionDoesNotForgiveEarlierFailures() {
        var breaker = CircuitBreaker(failureThreshold: 3, openInterval: .seconds(5))
        for _ in 0..<3 {
            breaker.connected()
            breaker.failed(.pass, now: start)
        }
        #expect(!breaker.isClosed)
    }
}

@Suite struct ReconnectBackoffTests {
    @Test func doublesUpToItsLongestWithHalfOfItRandom() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            var backoff = ReconnectBackoff(first: .milliseconds(100), longest: .seconds(5))
            var whole: Duration = .milliseconds(100)
            for _ in 0..<80 {
                let delay = backoff.delayAfterFailure(using: &generator)
                #expect(delay >= whole / 2 && delay <= whole)
                whole = min(whole * 2, .seconds(5))
            }
        }
    }

    @Test func beginsAnewAfterASuccess() {
        var generator = SystemRandomNumberGenerator()
        var backoff = ReconnectBackoff()
        for _ in 0..<10 { _ = backoff.delayAfterFailure(using: &generator) }
        backoff.succeeded()
        #expect(backoff.delayAfterFailure(using: &generator) <= .milliseconds(100))
    }
}
