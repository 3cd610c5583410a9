// What the processes of one PostgreSQL tell each other, by NOTIFY: a list that one of them has cached, a session that it believes
// in, counts no more. A value of lets; any thread.
//
// Nothing that another process may change is kept in this one while it does not hear the others: ``CacheGroup`` keeps nothing then,
// and ``SessionStoreGroup`` believes what it knows for a few milliseconds only.

public import Reactor

/// The changes that other processes announce, and those that they are told of.
public final class ChangeFeed: Sendable {
    /// What listens to the others.
    public typealias Handler = @Sendable (Event) -> Void

    /// What a listener is told.
    public enum Event: Sendable {
        /// Others are heard from now on; what they said before was missed.
        case began
        /// Another process has committed these changes.
        case changed(ChangeSet)
        /// Others are not heard any more.
        case ended
    }

    private let senders: [ChangeSender]
    /// Tells this process' messages from others'.
    private let name: String

    /// One a schema, so that programs which share a database do not hear each other. In SQL, of type text.
    static let channelName = "'changes_' || md5(current_schema())"

    /// - Parameter pools: one a loop, in order; of PostgreSQL.
    public init(pools: [DatabasePool]) {
        let name = String(UInt64.random(in: .min ... .max), radix: 36)
        self.name = name
        senders = pools.map { ChangeSender(pool: $0, sender: name) }
    }

    /// Tells every other process, within milliseconds, and until it has succeeded. Call it after the commit. It waits for nothing:
    /// cancelling the caller's task does not stop the message.
    /// - Parameter loop: the caller's, one of the group's: its changes of one tick are one message.
    public func announce(_ changes: ChangeSet, on loop: EventLoop) async {
        await senders[loop.index].announce(changes)
    }

    /// What to listen to.
    /// - Parameter handler: called on the listener's loop; must not wait.
    public func subscription(_ handler: @escaping Handler) -> PostgresSubscription {
        let name = self.name
        return PostgresSubscription(channel: .read("SELECT \(ChangeFeed.channelName)")) { event in
            switch event {
            case .began: handler(.began)
            case .ended: handler(.ended)
            case .notified(let notification):
                if let changes = ChangeSet(payload: notification.payload, except: name) { handler(.changed(changes)) }
            }
        }
    }

    /// Sends once more what has not been sent, and returns; what fails then is lost, and other processes see the change a second later at
    /// most. Takes a statement's timeout a message at most; cancelling the task ends the wait, and what is left is lost.
    public func shutdown() async {
        for sender in senders { await sender.shutdown() }
    }
}
