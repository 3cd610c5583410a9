// What a pool tells about itself and about what it is asked. Values; any thread.

public import Reactor

/// Told about a statement once it has ended, in the task that asked for it, on the pool's loop.
/// - Parameters:
///   - began: when it was asked for: a wait for a connection is included.
///   - error: nil where it went well.
public typealias StatementObserver = @Sendable (_ statement: SQLStatement, _ began: MonotonicInstant, _ error: DatabaseError?) -> Void

/// Whether the database answers.
public struct PoolHealth: Sendable, Hashable {
    /// Why requests that need the database fail; nil where they do not.
    public let problem: DatabaseError?
    /// Whether requests that need the database can be served.
    public var isUp: Bool { problem == nil }
    /// Of the round trip that told.
    public let latency: Duration
    /// Open connections of this loop.
    public let size: Int
    /// Connections that a transaction or a statement has to itself at this moment.
    public let inUse: Int
    /// Callers that wait for a connection.
    public let waiters: Int
}

/// A pool's counters, for metrics.
public struct PoolStatistics: Sendable, Hashable {
    /// Open connections of this loop.
    public internal(set) var size = 0
    /// Connections that a transaction or a statement has to itself at this moment.
    public internal(set) var inUse = 0
    /// Callers that wait for a connection.
    public internal(set) var waiters = 0
    /// Statements that were sent and are not answered.
    public internal(set) var inFlight = 0
    /// Statements and scripts outside of transactions, since the start.
    public internal(set) var statements = 0
    /// Time that those took, all together, waiting for a connection included.
    public internal(set) var statementTime: Duration = .zero
    /// Transactions since the start; a repeated one counts each time.
    public internal(set) var transactions = 0
    /// Statements, scripts and transactions that failed, since the start.
    public internal(set) var errors = 0
    /// Transactions that were run again because they collided with another one.
    public internal(set) var retries = 0
    /// Connections made, since the start.
    public internal(set) var connects = 0
    /// Attempts to connect that failed, since the start.
    public internal(set) var connectFailures = 0

    public init() {}
}
