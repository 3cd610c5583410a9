// Something that happened, told across tasks and threads.

import Synchronization

/// A flag that is raised once.
public final class Flag: Sendable {
    private let raised = Atomic<Bool>(false)

    public init() {}

    public var isRaised: Bool { raised.load(ordering: .acquiring) }

    public func raise() { raised.store(true, ordering: .releasing) }
}
