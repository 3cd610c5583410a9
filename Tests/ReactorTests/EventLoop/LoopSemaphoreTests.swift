// How many pieces of work go on at once.

import Reactor
import Synchronization
import TestSupport
import Testing

@Suite struct LoopSemaphoreTests {
    /// How many holders there are, and the most that there were at once.
    private final class Holders: Sendable {
        let now = Atomic<Int>(0)
        let most = Atomic<Int>(0)

        func enter() {
            let count = now.add(1, ordering: .relaxed).newValue
            if count > most.load(ordering: .relaxed) { most.store(count, ordering: .relaxed) }
        }

        func leave() { now.subtract(1, ordering: .relaxed) }
    }

    @Test(arguments: [1, 2])
    func thereAreNoMoreHoldersThanPermitsAlsoWhereSomeFail(permits: Int) async throws {
        struct Failure: Error {}
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let loop = group.loops[0]
            let semaphore = LoopSemaphore(loop: loop, permits: permits)
            let holders = Holders()
            let done = await withTaskGroup(of: Bool.self) { tasks in
                for number in 0..<20 {
                    tasks.addTask(executorPreference: loop) {
                        let result: Void? = try? await semaphore.withPermit {
                            holders.enter()
                            defer { holders.leave() }
                            try await loop.sleep(for: .milliseconds(1))
                            if number % 3 == 0 { throw Failure() }
                        }
                        return result != nil
                    }
                }
                return await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(done == 13)
            #expect(holders.most.load(ordering: .relaxed) == permits)
        }
    }

    @Test func whoIsCancelledInTheQueueHoldsNothing() async throws {
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let loop = group.loops[0]
            let semaphore = LoopSemaphore(loop: loop, permits: 1)
            try await semaphore.withPermit {
                let waiting = Task(executorPreference: loop) { try await semaphore.withPermit { true } }
                try await Task(executorPreference: loop) { try await loop.sleep(for: .milliseconds(5)) }.value
                waiting.cancel()
                await #expect(throws: CancellationError.self) { try await waiting.value }
            }
            // The permit is there for the next one.
            try await #expect(semaphore.withPermit { true })
        }
    }
}
