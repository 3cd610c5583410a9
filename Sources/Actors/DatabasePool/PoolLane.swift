// A PoolState together with the connections and the waiting tasks that its numbers stand for. Belongs to one DatabasePool, on
// its loop.

import Reactor

/// What a set of connections is for.
enum PoolRole: Sendable {
    /// PostgreSQL: single statements of everybody.
    case shared
    /// PostgreSQL: one transaction at a time each.
    case exclusive
    /// SQLite: reading statements, one at a time each.
    case readers
    /// SQLite: everything that writes, one at a time.
    case writer
}

/// One set of connections.
final class PoolLane {
    let role: PoolRole
    var state: PoolState
    var connections: [PoolState.ConnectionID: any DatabaseConnection] = [:]
    var waiters: [PoolState.WaiterID: LoopPromise<PoolState.ConnectionID>] = [:]

    init(role: PoolRole, size: Int, configuration: DatabaseConfiguration) {
        self.role = role
        state = PoolState(
            limits: PoolState.Limits(
                size: max(1, size), isMultiplexed: role == .shared, maxWaiters: configuration.maxWaiters,
                wait: configuration.poolWait, firstReconnectDelay: configuration.firstReconnectDelay,
                longestReconnectDelay: configuration.longestReconnectDelay,
                maxAge: configuration.dialect == .postgres ? configuration.connectionMaxAge : nil))
    }

    /// Statements in flight on all connections.
    var inFlight: Int { connections.values.reduce(0) { $0 + $1.inFlight } }

    /// The sets that a database needs. The first one serves statements that read.
    static func lanes(for configuration: DatabaseConfiguration) -> [PoolLane] {
        switch configuration.location {
        case .postgres:
            [
                PoolLane(role: .shared, size: configuration.sharedConnections, configuration: configuration),
                PoolLane(role: .exclusive, size: configuration.exclusiveConnections, configuration: configuration),
            ]
        case .sqlite(":memory:"):
            // Each connection would be a database of its own.
            [PoolLane(role: .writer, size: 1, configuration: configuration)]
        case .sqlite:
            [
                PoolLane(role: .readers, size: configuration.readerConnections, configuration: configuration),
                PoolLane(role: .writer, size: 1, configuration: configuration),
            ]
        }
    }
}
