// A timer finer than milliseconds: never early, replaced, stopped, and gone with its owner.

import Reactor
import TestSupport
import Testing

@Suite struct PreciseTimerTests {
    @Test func firesAtItsMomentAndNotBefore() async throws {
        let waits = [Duration.microseconds(150), .microseconds(700), .milliseconds(3), .zero, .milliseconds(-5)]
        let lateness = try await withLoop { isolation in
            let timer = try PreciseTimer(loop: isolation.loop)
            var lateness: [Duration] = []
            for wait in waits {
                let (promise, due) = (LoopPromise<MonotonicInstant>(loop: isolation.loop), MonotonicInstant.now() + wait)
                timer.start(at: due) { promise.succeed(.now()) }
                lateness.append(try await promise.wait() - due)
            }
            return lateness
        }
        #expect(lateness.allSatisfy { $0 >= .zero })
    }

    @Test func aLaterStartReplacesAnEarlierOne() async throws {
        let fired = try await withLoop { isolation in
            let timer = try PreciseTimer(loop: isolation.loop)
            let promise = LoopPromise<String>(loop: isolation.loop)
            timer.start(at: .now() + .microseconds(100)) { promise.succeed("first") }
            timer.start(at: .now() + .milliseconds(2)) { promise.succeed("second") }
            return try await promise.wait()
        }
        #expect(fired == "second")
    }

    @Test func aStoppedTimerIsSilentAndCanBeStartedAgain() async throws {
        let fired = try await withLoop { isolation in
            let timer = try PreciseTimer(loop: isolation.loop)
            let stopped = Tally()
            timer.start(at: .now()) { stopped.raise() }
            timer.stop()
            let promise = LoopPromise<Int>(loop: isolation.loop)
            timer.start(at: .now() + .milliseconds(2)) { promise.succeed(stopped.count) }
            return try await promise.wait()
        }
        #expect(fired == 0)
    }
}
