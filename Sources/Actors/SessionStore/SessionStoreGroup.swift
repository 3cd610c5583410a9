// The session stores of a process, one a loop. A value of lets; any thread.

public import Reactor

/// Makes and holds a ``SessionStore`` for each loop, and revokes on all of them.
public struct SessionStoreGroup: Sendable {
    private let stores: [SessionStore]

    /// - Parameter loops: the group's loops, in order.
    public init(loops: [EventLoop], configuration: SessionStoreConfiguration = SessionStoreConfiguration()) {
        stores = loops.map { SessionStore(loop: $0, configuration: configuration) }
    }

    /// The store to use on `loop`, which is one of the group's.
    public subscript(loop: EventLoop) -> SessionStore { stores[loop.index] }

    /// Call it after the commit that ended the session. When it returns, no loop of this process accepts the session's tokens
    /// any more; other processes within the freshness (1 s).
    public func revoke(session: SessionID) async {
        for store in stores { await store.revoke(session: session) }
    }

    /// Call it after the commit that ended the user's sessions or changed their role, name or activity.
    public func revokeAll(user: Int64) async {
        for store in stores { await store.revokeAll(user: user) }
    }

    /// Call it when the signing keys have changed.
    public func forgetTokens() async {
        for store in stores { await store.forgetTokens() }
    }

    /// The counts of all loops together.
    public func statistics() async -> SessionStoreStatistics {
        var total = SessionStoreStatistics()
        for store in stores { total.add(await store.statistics) }
        return total
    }

    public func shutdown() async {
        for store in stores { await store.shutdown() }
    }
}
