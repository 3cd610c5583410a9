// The ready-made actor of a loop: isolation for code that belongs to the loop but to no concern of its own, such as a
// connection's task. Lives on its loop's thread.

/// An actor whose executor is an ``EventLoop``. Code isolated to it may use the loop's connections, timers and handles.
@safe
public actor LoopActor {
    // SAFETY: the loop owns its actor, and a job that is isolated to the actor runs on the loop, which is therefore alive.
    private nonisolated unowned(unsafe) let owner: EventLoop

    init(of loop: EventLoop) {
        unsafe owner = loop
    }

    public nonisolated var loop: EventLoop { unsafe owner }

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe owner.asUnownedSerialExecutor()
    }

    /// Runs `body` on the loop, isolated to this actor.
    public func run<R: Sendable, E: Error>(_ body: @Sendable (isolated LoopActor) async throws(E) -> R) async throws(E) -> R {
        try await body(self)
    }
}
