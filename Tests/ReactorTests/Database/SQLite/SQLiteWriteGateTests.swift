// The queue of a file's writers.

@testable import Reactor
import TestSupport
import Testing

@Suite struct SQLiteWriteGateTests {
    @Test func oneGateAFile() {
        let gate = SQLiteWriteGate.shared(path: "/tmp/gate-a")
        #expect(gate === SQLiteWriteGate.shared(path: "/tmp/gate-a"))
        #expect(gate !== SQLiteWriteGate.shared(path: "/tmp/gate-b"))
    }

    @Test func writersEnterInTheOrderInWhichTheyCame() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let gate = SQLiteWriteGate()
            let order = Order(loop: loop)
            try await gate.acquire(on: loop, patience: .seconds(5))
            let tasks = (0..<5).map { number in
                Task(executorPreference: loop) {
                    try await order.enter(number, gate)
                }
            }
            // Each has queued once it has run to its first suspension.
            try await #expect(eventually(on: loop) { await order.arrived == 5 })
            gate.release()
            for task in tasks { try await task.value }
            #expect(await order.entered == [0, 1, 2, 3, 4])
        }
    }

    @Test func oneThatGivesUpDoesNotKeepTheTurn() async throws {
        try await withLoop { isolation in
            let loop = isolation.loop
            let gate = SQLiteWriteGate()
            let order = Order(loop: loop)
            try await gate.acquire(on: loop, patience: .seconds(5))
            let cancelled = Task(executorPreference: loop) { try await order.enter(1, gate) }
            let waiting = Task(executorPreference: loop) { try await order.enter(2, gate) }
            try await #expect(eventually(on: loop) { await order.arrived == 2 })
            cancelled.cancel()
            gate.release()
            try await waiting.value
            await #expect(throws: DatabaseError.cancelled) { try await cancelled.value }
            #expect(await order.entered == [2])
            // And the gate is free again.
            try await gate.acquire(on: loop, patience: .zero)
            gate.release()
        }
    }

    @Test func patienceEnds() async throws {
        try await withLoop { isolation in
            let gate = SQLiteWriteGate()
            try await gate.acquire(on: isolation.loop, patience: .seconds(5))
            await #expect(throws: DatabaseError.timeout("waiting for the database's write lock")) {
                try await gate.acquire(on: isolation.loop, patience: .milliseconds(1))
            }
            gate.release()
            try await gate.acquire(on: isolation.loop, patience: .milliseconds(1))
            gate.release()
        }
    }
}

/// Notes who came and who entered.
private actor Order {
    nonisolated let loop: EventLoop
    private(set) var arrived = 0
    private(set) var entered: [Int] = []

    init(loop: EventLoop) { self.loop = loop }

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    func enter(_ number: Int, _ gate: SQLiteWriteGate) async throws {
        arrived += 1
        try await gate.acquire(on: loop, patience: .seconds(5))
        entered.append(number)
        gate.release()
    }
}
