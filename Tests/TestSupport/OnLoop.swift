// Running a test's body on a loop of its own.

public import Reactor

/// Runs `body` isolated to a fresh loop's actor, and joins the loop afterwards.
public func withLoop<R: Sendable>(_ body: @Sendable @escaping (isolated LoopActor) async throws -> R) async throws -> R {
    try await EventLoopGroup.withGroup(loops: 1) { group in
        let isolation = group.loops[0].isolation
        return try await Task(executorPreference: group.loops[0]) { try await isolation.run(body) }.value
    }
}

/// Waits, without a fixed sleep, until `condition` holds; false when it does not within `limit`.
public func eventually(
    within limit: Duration = .seconds(5), on loop: EventLoop, _ condition: () async -> Bool
) async throws -> Bool {
    let deadline = MonotonicInstant.now() + limit
    while MonotonicInstant.now() < deadline {
        if await condition() { return true }
        try await loop.sleep(for: .milliseconds(2))
    }
    return await condition()
}
