// Counts events from any thread.

import Synchronization

/// A counter that several tasks may raise.
public final class Tally: Sendable {
    private let value = Mutex(0)

    public init() {}

    @discardableResult
    public func raise() -> Int {
        value.withLock {
            $0 += 1
            return $0
        }
    }

    public var count: Int { value.withLock { $0 } }
}
