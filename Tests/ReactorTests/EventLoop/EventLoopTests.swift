// The loop as an executor: what runs where, and what it costs in enqueues.

import Reactor
import Synchronization
import TestSupport
import Testing

private actor Counter {
    nonisolated let loop: EventLoop
    private var value = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    init(loop: EventLoop) { self.loop = loop }

    func increment() -> Int {
        value += 1
        return value
    }

    func isOnLoop() -> Bool { loop.isOnLoop }
}

@Suite struct EventLoopTests {
    @Test func callsBetweenActorsOfOneLoopEnqueueNothing() async throws {
        let enqueued = try await withLoop { isolation in
            let counters = [Counter(loop: isolation.loop), Counter(loop: isolation.loop)]
            let before = isolation.loop.statistics.jobsEnqueued
            for _ in 0..<100 {
                for counter in counters { _ = await counter.increment() }
            }
            return isolation.loop.statistics.jobsEnqueued - before
        }
        #expect(enqueued == 0)
    }

    @Test func resumedContinuationEnqueuesOnce() async throws {
        let enqueued = try await withLoop { isolation in
            let loop = isolation.loop
            let before = loop.statistics.jobsEnqueued
            for _ in 0..<50 {
                let promise = LoopPromise<Int>(loop: loop)
                loop.post { promise.succeed(1) }
                _ = try await promise.wait()
            }
            return loop.statistics.jobsEnqueued - before
        }
        #expect(enqueued == 50)
    }

    @Test func jobsFromAnotherThreadWakeTheLoopOncePerBurst() async throws {
        let (jobs, wakeUps) = try await EventLoopGroup.withGroup(loops: 2) { group in
            let (busy, sender) = (group.loops[0], group.loops[1])
            let arrived = Atomic<Int>(0)
            let before = await busy.isolation.run { $0.loop.statistics }
            // The first loop is kept from looking at its inbox until the whole burst lies there.
            let isHeld = Atomic<Bool>(true)
            busy.post { while isHeld.load(ordering: .acquiring) {} }
            await sender.isolation.run { _ in
                for _ in 0..<1_000 { busy.post { arrived.add(1, ordering: .relaxed) } }
            }
            isHeld.store(false, ordering: .releasing)
            return try await Task(executorPreference: busy) {
                try await busy.isolation.run { isolation in
                    let allArrived = try await eventually(on: isolation.loop) { arrived.load(ordering: .relaxed) == 1_000 }
                    #expect(allArrived)
                    return (arrived.load(ordering: .relaxed), isolation.loop.statistics.wakeUps - before.wakeUps)
                }
            }.value
        }
        #expect(jobs == 1_000)
        #expect(wakeUps <= 8)
    }

    @Test func sleepResumesOnItsLoop() async throws {
        let isOnLoop = try await withLoop { isolation in
            let began = MonotonicInstant.now()
            try await isolation.loop.sleep(for: .milliseconds(5))
            #expect(MonotonicInstant.now() - began >= .milliseconds(4))
            return isolation.loop.isOnLoop
        }
        #expect(isOnLoop)
    }

    @Test func cancelledSleepEndsAtOnce() async throws {
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let loop = group.loops[0]
            let began = MonotonicInstant.now()
            let task = Task(executorPreference: loop) { try await loop.sleep(for: .seconds(60)) }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(MonotonicInstant.now() - began < .seconds(10))
        }
    }

    @Test func blockingWorkLeavesTheLoopAndComesBack() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let wasOnLoop = try await loop.runBlocking { loop.isOnLoop }
            #expect(!wasOnLoop)
            #expect(loop.isOnLoop)
        }
    }

    @Test func blockingWorkThrowsWhatItThrew() async throws {
        struct Failure: Error {}
        try await withLoop { isolation in
            _ = await #expect(throws: Failure.self) { try await isolation.loop.runBlocking { throw Failure() } }
        }
    }

    @Test func timerFiresWhileJobsKeepComing() async throws {
        let turns = try await withLoop { isolation in
            let loop = isolation.loop
            let fired = Atomic<Bool>(false)
            let timer = LoopTimer(loop: loop)
            timer.start(after: .milliseconds(5)) { fired.store(true, ordering: .relaxed) }
            // Each turn leaves another job ready: without a cap on the drain the timer would never run.
            var turns = 0
            while !fired.load(ordering: .relaxed), turns < 50_000_000 {
                turns += 1
                await Task.yield()
            }
            return turns
        }
        #expect(turns < 50_000_000)
    }

    @Test func closuresThatPostThemselvesAgainDoNotStarveTheLoop() async throws {
        let isOver = Atomic<Bool>(false)
        try await withLoop { isolation in
            let loop = isolation.loop
            @Sendable func again() {
                if !isOver.load(ordering: .relaxed) { loop.post(again) }
            }
            loop.post(again)
            defer { isOver.store(true, ordering: .relaxed) }
            try await loop.sleep(for: .milliseconds(5))
        }
    }

    @Test func repeatingTimerFiresUntilStopped() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let fired = Mutex(0)
            let timer = LoopTimer(loop: loop)
            timer.start(after: .milliseconds(1), repeating: .milliseconds(1)) { fired.withLock { $0 += 1 } }
            let hasRepeated = try await eventually(on: loop) { fired.withLock { $0 >= 3 } }
            #expect(hasRepeated)
            timer.stop()
            #expect(!timer.isActive)
            let count = fired.withLock { $0 }
            try await loop.sleep(for: .milliseconds(10))
            #expect(fired.withLock { $0 } == count)
        }
    }

    @Test func actorsOfTwoLoopsReachEachOther() async throws {
        try await EventLoopGroup.withGroup(loops: 2) { group in
            let counter = Counter(loop: group.loops[1])
            let value = await Task(executorPreference: group.loops[0]) {
                await group.loops[0].isolation.run { isolation in
                    var last = 0
                    for _ in 0..<100 { last = await counter.increment() }
                    #expect(isolation.loop.isOnLoop)
                    #expect(await counter.isOnLoop())
                    return last
                }
            }.value
            #expect(value == 100)
        }
    }

    @Test func groupReturnsWhatItsBodyReturnsAndThrowsWhatItThrows() async throws {
        struct Failure: Error {}
        try await #expect(EventLoopGroup.withGroup(loops: 3) { $0.loops.count } == 3)
        await #expect(throws: Failure.self) { try await EventLoopGroup.withGroup(loops: 1) { _ in throw Failure() } }
    }
}

@Suite struct LoopPromiseTests {
    @Test func valueThatCameFirstIsReturnedWithoutSuspending() async throws {
        try await withLoop { isolation in
            let promise = LoopPromise<Int>(loop: isolation.loop)
            #expect(promise.succeed(7))
            let before = isolation.loop.statistics.jobsEnqueued
            let value = try await promise.wait()
            #expect(value == 7)
            #expect(isolation.loop.statistics.jobsEnqueued == before)
        }
    }

    @Test func settlesOnce() async throws {
        try await withLoop { isolation in
            let promise = LoopPromise<Int>(loop: isolation.loop)
            #expect(promise.succeed(1))
            #expect(!promise.succeed(2))
            #expect(!promise.fail(CancellationError()))
            let value = try await promise.wait()
            #expect(value == 1)
        }
    }

    @Test func cancellationFromAnotherThreadEndsTheWaitAndTellsTheOwnerOnce() async throws {
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let loop = group.loops[0]
            let told = Atomic<Int>(0)
            let task = Task(executorPreference: loop) {
                try await loop.isolation.run { _ in
                    let promise = LoopPromise<Int>(loop: loop) { told.add(1, ordering: .relaxed) }
                    return try await promise.wait()
                }
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(told.load(ordering: .relaxed) == 1)
        }
    }
}
