// The bucket, with a clock of the test's own.

@testable import Actors
import Reactor
import Testing

@Suite struct TokenBucketTests {
    private let start = MonotonicInstant(nanoseconds: 5_000_000_000)
    private let tenAMinute = RateLimitRule(name: "r", limit: 10, window: .seconds(60))

    @Test func allowsABurstUpToTheLimit() {
        var bucket = TokenBucket()
        for taken in 1...10 {
            let decision = bucket.take(tenAMinute, now: start)
            #expect(decision.isAllowed)
            #expect(decision.limit == 10)
            #expect(decision.remaining == 10 - taken)
            #expect(decision.resetAfter == .seconds(6 * taken))
        }
        let refused = bucket.take(tenAMinute, now: start)
        #expect(!refused.isAllowed)
        #expect(refused.remaining == 0)
        #expect(refused.retryAfter == 6)
        #expect(refused.resetAfter == .seconds(60))
    }

    @Test func refillsEvenly() {
        var bucket = TokenBucket()
        for _ in 0..<10 { _ = bucket.take(tenAMinute, now: start) }
        #expect(!bucket.take(tenAMinute, now: start + .milliseconds(5_999)).isAllowed)
        #expect(bucket.take(tenAMinute, now: start + .seconds(6)).isAllowed)
        #expect(!bucket.take(tenAMinute, now: start + .seconds(6)).isAllowed)
        #expect(bucket.take(tenAMinute, now: start + .seconds(12)).isAllowed)
    }

    @Test func isFullAgainAfterAWindow() {
        var bucket = TokenBucket()
        for _ in 0..<10 { _ = bucket.take(tenAMinute, now: start) }
        #expect(bucket.take(tenAMinute, now: start + .seconds(60)).remaining == 9)
        #expect(bucket.take(tenAMinute, now: start + .seconds(1_000_000)).remaining == 9)
    }

    @Test func refusedRequestsCostNothing() {
        var bucket = TokenBucket()
        for _ in 0..<10 { _ = bucket.take(tenAMinute, now: start) }
        for millisecond in 0..<5_999 { #expect(!bucket.take(tenAMinute, now: start + .milliseconds(millisecond)).isAllowed) }
        #expect(bucket.take(tenAMinute, now: start + .seconds(6)).isAllowed)
    }

    @Test func retryAfterIsAWholeSecondAtLeast() {
        let fast = RateLimitRule(name: "r", limit: 100, window: .seconds(1))
        var bucket = TokenBucket()
        for _ in 0..<100 { #expect(bucket.take(fast, now: start).retryAfter >= 1) }
        #expect(bucket.take(fast, now: start).retryAfter == 1)
        var slow = TokenBucket()
        let oneInTenSeconds = RateLimitRule(name: "r", limit: 1, window: .seconds(10))
        _ = slow.take(oneInTenSeconds, now: start)
        #expect(slow.take(oneInTenSeconds, now: start + .milliseconds(500)).retryAfter == 10)
    }

    @Test func aClockThatWasSetBackDoesNotLockAKeyOut() {
        var bucket = TokenBucket()
        for _ in 0..<10 { _ = bucket.take(tenAMinute, now: start + .seconds(1_000_000)) }
        #expect(!bucket.take(tenAMinute, now: start).isAllowed)
        #expect(bucket.take(tenAMinute, now: start + .seconds(6)).isAllowed)
    }

    @Test func survivesTheLargestAndTheSmallest() {
        let rules = [
            RateLimitRule(name: "r", limit: 1_000_000_000, window: .milliseconds(1)),
            RateLimitRule(name: "r", limit: 1_000_000_000, window: .seconds(366 * 86_400)),
            RateLimitRule(name: "r", limit: 1, window: .milliseconds(1)),
            RateLimitRule(name: "r", limit: 1, window: .seconds(366 * 86_400)),
        ]
        for rule in rules {
            for nanoseconds in [Int64.min, -1, 0, 1, .max] {
                var bucket = TokenBucket()
                let now = MonotonicInstant(nanoseconds: nanoseconds)
                #expect(bucket.take(rule, now: now).isAllowed)
                _ = bucket.take(rule, now: now)
            }
        }
    }

    @Test func overALongTimeAllowsTheRateAndTheBurst() {
        let rule = RateLimitRule(name: "r", limit: 7, window: .seconds(60))
        var bucket = TokenBucket()
        var allowed = 0
        for second in 0..<6_000 where bucket.take(rule, now: start + .seconds(second)).isAllowed { allowed += 1 }
        #expect((699...707).contains(allowed))
    }
}
