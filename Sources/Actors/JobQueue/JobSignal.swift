// "There may be something to do", told across the loops of a process: by whoever has enqueued a job, and by whoever hears of another
// process' doing so. One a process; any thread.

import Reactor

/// Wakes the workers of this process. It carries nothing: what there is to do stands in the database.
public final class JobSignal: Sendable {
    private struct State {
        var last = 0
        var observers: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Lock(State())

    public init() {}

    /// Calls every observer, on this thread. Cheap, and safe to call too often.
    public func raise() {
        for observer in state.withLock({ Array($0.observers.values) }) { observer() }
    }

    /// - Parameter observer: called on any thread; must not wait.
    /// - Returns: what ``remove(_:)`` takes.
    func observe(_ observer: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.last += 1
            state.observers[state.last] = observer
            return state.last
        }
    }

    func remove(_ observation: Int) {
        state.withLock { $0.observers[observation] = nil }
    }
}
