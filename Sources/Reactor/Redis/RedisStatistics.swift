// What a Redis client reports about itself. Values; any thread.

/// Counts since a ``RedisClient`` was made, and its state when they were read.
public struct RedisStatistics: Sendable, Equatable {
    /// Calls that were answered (a batch is one call), error replies included.
    public internal(set) var completed = 0
    /// Time that those took, all together: mean latency is this divided by ``completed``.
    public internal(set) var totalLatency: Duration = .zero
    /// Calls that failed because of the server or the way to it.
    public internal(set) var failures = 0
    /// Those of the failures that ran into the deadline.
    public internal(set) var timeouts = 0
    /// Calls that were not tried: breaker open, or waiting to reconnect.
    public internal(set) var refused = 0
    public internal(set) var connects = 0
    public internal(set) var connectFailures = 0
    public internal(set) var isConnected = false
    public internal(set) var isBreakerOpen = false
    public internal(set) var commandsInFlight = 0

    public init() {}

    mutating func completed(in latency: Duration) {
        completed += 1
        totalLatency += latency
    }
}

/// What a PING found out.
public struct RedisHealth: Sendable {
    public let isUp: Bool
    /// Round trip, when it is up.
    public let latency: Duration?
    /// Why it is not up.
    public let problem: RedisError?
}
