// The session stores of a process, one a loop. A value of lets; any thread.

public import Reactor

/// Makes and holds a ``SessionStore`` for each loop, and revokes on all of them.
public struct SessionStoreGroup: Sendable {
    private let stores: [SessionStore]
    private let feed: ChangeFeed?

    /// - Parameters:
    ///   - loops: the group's loops, in order.
    ///   - feed: other processes that share the database; nil where there is none.
    public init(
        loops: [EventLoop], feed: ChangeFeed? = nil, configuration: SessionStoreConfiguration = SessionStoreConfiguration()
    ) {
        self.feed = feed
        stores = loops.map { SessionStore(loop: $0, configuration: configuration, isInformed: feed == nil) }
    }

    /// The store to use on `loop`, which is one of the group's.
    public subscript(loop: EventLoop) -> SessionStore { stores[loop.index] }

    /// Call it after the commit that ended the session. When it returns, no loop of this process accepts the session's tokens
    /// any more; other processes of the database within milliseconds.
    public func revoke(session: SessionID) async {
        for store in stores { await store.revoke(session: session) }
        await announce(ChangeSet(sessions: [session]))
    }

    /// Call it after the commit that ended the user's sessions or changed their role, name or activity.
    public func revokeAll(user: Int64) async {
        for store in stores { await store.revokeAll(user: user) }
        await announce(ChangeSet(users: [user]))
    }

    private func announce(_ changes: ChangeSet) async {
        guard let first = stores.first else { return }
        await feed?.announce(changes, on: first.loop)
    }

    /// Heeds what other processes say.
    public func apply(_ event: ChangeFeed.Event) {
        for store in stores { Task(executorPreference: store.loop) { await store.apply(event) } }
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
