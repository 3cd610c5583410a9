// When a job runs again, with a clock and chance of the test's own.

import Actors
import Reactor
import Testing

@Suite struct JobPolicyTests {
    let policy = JobPolicy()
    let now = Timestamp(seconds: 1_000_000)

    @Test func backOffDoublesAndStopsAtItsLimit() {
        let pauses = (1...12).map { policy.backOff(attempts: $0, chance: 1) }
        #expect(pauses.prefix(4) == [.seconds(2), .seconds(4), .seconds(8), .seconds(16)])
        #expect(pauses.last == .seconds(300))
        #expect(policy.backOff(attempts: .max, chance: 1) == .seconds(300))
    }

    @Test func chanceMovesHalfOfThePause() {
        #expect(policy.backOff(attempts: 3, chance: 0) == .seconds(4))
        #expect(policy.backOff(attempts: 3, chance: 0.5) == .seconds(6))
        #expect(policy.backOff(attempts: 3, chance: 1) == .seconds(8))
    }

    @Test func chanceOutOfBoundsIsClamped() {
        #expect(policy.backOff(attempts: 1, chance: -7) == .seconds(1))
        #expect(policy.backOff(attempts: 1, chance: 7) == .seconds(2))
        #expect(policy.backOff(attempts: 0, chance: 1) == .seconds(2))
    }

    @Test func aFailedRunIsTriedAgainUntilTheLastAttempt() {
        for attempts in 1...4 {
            let after = policy.afterFailure(attempts: attempts, maxAttempts: 5, isPermanent: false, now: now, chance: 1)
            #expect(after == .retry(at: now + policy.backOff(attempts: attempts, chance: 1)))
        }
        #expect(policy.afterFailure(attempts: 5, maxAttempts: 5, isPermanent: false, now: now, chance: 1) == .dead)
    }

    @Test func aPermanentFailureIsNotTriedAgain() {
        #expect(policy.afterFailure(attempts: 1, maxAttempts: 5, isPermanent: true, now: now, chance: 1) == .dead)
    }

    @Test func threeHeartbeatsFitInALease() {
        #expect(policy.lease == .seconds(30))
        #expect(policy.heartbeat == .seconds(10))
        #expect(policy.leaseEnd(now: now) == now + .seconds(30))
    }

    @Test func finalStatesAreThoseThatNothingLeaves() {
        #expect(JobStatus.allCases.filter(\.isFinal) == [.succeeded, .dead, .cancelled])
    }
}
