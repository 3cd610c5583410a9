// Keeps tests that run side by side from asking a shared server for more than it has. Any thread.

import Reactor

/// Lets so many in at a time, first come, first served.
public final class TestGate: Sendable {
    /// Tests run side by side without a limit, and a server's connections are bounded: a test needs up to ten.
    public static let postgres = TestGate(permits: 24)

    private struct State {
        var permits: Int
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Lock<State>

    public init(permits: Int) {
        state = Lock(State(permits: permits))
    }

    public func withPermit<R>(_ body: () async throws -> R) async rethrows -> R {
        await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.permits == 0 else {
                    state.permits -= 1
                    return true
                }
                state.waiters.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiters.isEmpty else {
                state.permits += 1
                return nil
            }
            return state.waiters.removeFirst()
        }
        next?.resume()
    }
}
