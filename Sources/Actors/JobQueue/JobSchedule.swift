// Jobs that come round again. A value; any thread.

public import Reactor

/// Enqueues a job at each time that an expression names.
public struct JobSchedule: Sendable, Hashable {
    /// Stays: the row that remembers when it is due goes by it.
    public let name: Text
    public let cron: CronExpression
    /// Which handler runs what is enqueued.
    public let kind: Text
    /// What each is enqueued with.
    public let payload: Text

    public init(name: String, cron: CronExpression, kind: String, payload: Text = "{}") {
        self.name = Text(name)
        self.cron = cron
        self.kind = Text(kind)
        self.payload = payload
    }
}
