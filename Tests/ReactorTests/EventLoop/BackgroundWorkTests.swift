// Computing on threads of low priority: where it runs, what comes back, and to where.

import Reactor
import TestSupport
import Testing

@Suite struct BackgroundWorkTests {
    private struct Refused: Error {}

    @Test func theResultComesBackToTheLoopFromAnotherThread() async throws {
        let (wasElsewhere, isBack) = try await withLoop { isolation in
            let loop = isolation.loop
            let wasElsewhere = try await loop.runInBackground { !loop.isOnLoop }
            return (wasElsewhere, loop.isOnLoop)
        }
        #expect(wasElsewhere)
        #expect(isBack)
    }

    @Test func anErrorIsThrownOn() async throws {
        try await withLoop { isolation in
            await #expect(throws: Refused.self) { try await isolation.loop.runInBackground { throw Refused() } }
        }
    }

    @Test func manyPiecesOfWorkAllComeBack() async throws {
        let sum = try await withLoop { isolation in
            let loop = isolation.loop
            return try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...100 { group.addTask(executorPreference: loop) { try await loop.runInBackground { number } } }
                return try await group.reduce(0, +)
            }
        }
        #expect(sum == 5_050)
    }
}
