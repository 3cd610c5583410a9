// One flight a key: shared results, shared errors, and waiters that leave.

@testable import Actors
import Reactor
import TestSupport
import Testing

private struct LoadFailed: Error, Equatable {}

@Suite struct SingleFlightTests {
    @Test func sharesOneResultAmongAllWhoAsk() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let flights = SingleFlight<String, Int>(loop: loop)
            let loads = Tally()
            let gate = LoopPromise<Void>(loop: loop)
            let askers = (0..<20).map { _ in
                Task(executorPreference: loop) {
                    try await flights.value(for: "k") {
                        loads.raise()
                        try await gate.wait()
                        return 42
                    }
                }
            }
            try await #expect(eventually(on: loop) { loads.count == 1 })
            gate.succeed(())
            for asker in askers { try await #expect(asker.value == 42) }
            #expect(loads.count == 1)
            try await #expect(flights.value(for: "k") { 43 } == 43)
        }
    }

    @Test func sharesTheErrorToo() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let flights = SingleFlight<String, Int>(loop: loop)
            let gate = LoopPromise<Void>(loop: loop)
            let askers = (0..<3).map { _ in
                Task(executorPreference: loop) {
                    try await flights.value(for: "k") {
                        try await gate.wait()
                        throw LoadFailed()
                    }
                }
            }
            try await #expect(eventually(on: loop) { await flights.started == 1 })
            gate.succeed(())
            for asker in askers { await #expect(throws: LoadFailed.self) { try await asker.value } }
        }
    }

    @Test func cancelledWaiterLeavesTheFlightToTheOthers() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let flights = SingleFlight<String, Int>(loop: loop)
            let loads = Tally()
            let gate = LoopPromise<Void>(loop: loop)
            let ask: @Sendable () async throws -> Int = {
                try await flights.value(for: "k") {
                    loads.raise()
                    try await gate.wait()
                    return 1
                }
            }
            let first = Task(executorPreference: loop) { try await ask() }
            try await #expect(eventually(on: loop) { loads.count == 1 })
            let second = Task(executorPreference: loop) { try await ask() }
            // The second has boarded once a job enqueued after it has run.
            await Task(executorPreference: loop) {}.value
            first.cancel()
            await #expect(throws: CancellationError.self) { try await first.value }
            gate.succeed(())
            try await #expect(second.value == 1)
            #expect(loads.count == 1)
        }
    }

    @Test func flightEndsWhenItsLastWaiterLeaves() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let flights = SingleFlight<String, Int>(loop: loop)
            let (begun, cancelled) = (Tally(), Tally())
            let asker = Task(executorPreference: loop) {
                try await flights.value(for: "k") {
                    begun.raise()
                    do {
                        try await loop.sleep(for: .seconds(60))
                    } catch {
                        cancelled.raise()
                        throw error
                    }
                    return 1
                }
            }
            try await #expect(eventually(on: loop) { begun.count == 1 })
            asker.cancel()
            try await #expect(eventually(on: loop) { cancelled.count == 1 })
            try await #expect(flights.value(for: "k") { 2 } == 2)
        }
    }

    @Test func shutdownEndsWhatIsUnderWay() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let flights = SingleFlight<String, Int>(loop: loop)
            let begun = Tally()
            let asker = Task(executorPreference: loop) {
                try await flights.value(for: "k") {
                    begun.raise()
                    try await loop.sleep(for: .seconds(60))
                    return 1
                }
            }
            try await #expect(eventually(on: loop) { begun.count == 1 })
            await flights.shutdown()
            await #expect(throws: CancellationError.self) { try await asker.value }
        }
    }
}
