// Who gets which connection, who waits, and when to connect again. Pure: the clock and the dice come as arguments, and what is
// to be done comes back as actions. Owned by one DatabasePool; two of them make a pool (shared and exclusive, or readers and a
// writer).

import DequeModule
import Reactor

/// A bounded set of connections, and the queue in front of it.
struct PoolState {
    typealias ConnectionID = Int
    typealias WaiterID = Int

    struct Limits {
        /// Connections at most.
        var size: Int
        /// True where any number of callers may use a connection at a time. Such connections are all kept open; others are
        /// made as they are needed.
        var isMultiplexed: Bool
        var maxWaiters: Int
        /// How long a caller waits.
        var wait: Duration
        var firstReconnectDelay: Duration
        var longestReconnectDelay: Duration
        /// A connection that breaks sooner than this after it was made counts as a failure to connect: a server that accepts
        /// and hangs up must not be asked in a tight loop.
        var shortestLife: Duration = .seconds(1)
        /// A connection that is older is replaced; nil is never. Spread over a tenth of it, so that not all are replaced at once.
        var maxAge: Duration?
    }

    enum Action: Equatable {
        /// Open a connection; report ``connected(_:now:)`` or ``connectFailed(_:reason:now:dice:)``.
        case connect(ConnectionID)
        /// The waiter has the connection now, and must release it (where it is not multiplexed).
        case grant(WaiterID, ConnectionID)
        case fail(WaiterID, DatabaseError)
        case close(ConnectionID)
        /// Close it once nothing is in flight on it.
        case retire(ConnectionID)
    }

    enum Lease: Equatable {
        case granted(ConnectionID)
        case queued(WaiterID)
        case refused(DatabaseError)
    }

    private enum Slot {
        case connecting
        case idle(since: MonotonicInstant)
        case leased(since: MonotonicInstant)
        /// Up, and used by whoever likes.
        case shared(since: MonotonicInstant)

        /// When it was connected.
        var since: MonotonicInstant? {
            switch self {
            case .connecting: nil
            case .idle(let since), .leased(let since), .shared(let since): since
            }
        }
    }

    private struct Waiter {
        let id: WaiterID
        let deadline: MonotonicInstant
    }

    let limits: Limits
    private var slots: [ConnectionID: Slot] = [:]
    /// The one that was used last is used next: its server process has the warmest caches.
    private var idle: [ConnectionID] = []
    /// Leased ones that are closed when they are released.
    private var expiring: Set<ConnectionID> = []
    /// Connections that are being made to take the place of a shared one, with that one's id.
    private var successors: [ConnectionID: ConnectionID] = [:]
    /// After a replacement that could not be made.
    private var earliestReplacement: MonotonicInstant?
    private var waiters = Deque<Waiter>()
    private var lastID = 0
    private var failures = 0
    private(set) var lastFailure = DatabaseError.unavailable("not connected yet")
    /// No connection is tried before this.
    private var nextAttempt: MonotonicInstant?
    private(set) var isClosing = false

    init(limits: Limits) {
        self.limits = limits
    }

    // MARK: What is

    var size: Int { slots.values.count { $0.since != nil } }
    var connecting: Int { slots.count - size }
    var leased: Int { slots.values.count { if case .leased = $0 { true } else { false } } }
    var waiting: Int { waiters.count }
    /// Nothing is open or being opened.
    var isEmpty: Bool { slots.isEmpty }

    /// The server could not be reached, and nothing is connected: callers are refused at once rather than kept waiting.
    var isAway: Bool { failures > 0 && size == 0 }

    /// A connection is free.
    var hasIdle: Bool { !idle.isEmpty }

    /// A caller would get a connection without waiting for another caller.
    var hasRoom: Bool { hasIdle || (!isClosing && failures == 0 && waiters.isEmpty && slots.count < limits.size) }

    /// When ``tick(now:)`` has something to do next.
    var nextTick: MonotonicInstant? {
        [waiters.first?.deadline, attempts > 0 ? nextAttempt : nil, nextReplacement].compactMap(\.self).min()
    }

    /// When the next connection is too old, and may be replaced.
    private var nextReplacement: MonotonicInstant? {
        guard limits.maxAge != nil, let expiry = slots.lazy.compactMap({ expiry(of: $0.key, $0.value) }).min() else { return nil }
        return earliestReplacement.map { max($0, expiry) } ?? expiry
    }

    /// Nil for a connection that is being made or replaced, or is closed when it is released.
    private func expiry(of id: ConnectionID, _ slot: Slot) -> MonotonicInstant? {
        guard let maxAge = limits.maxAge, let since = slot.since, !expiring.contains(id), !successors.values.contains(id) else {
            return nil
        }
        return since + maxAge * (1 - 0.1 * Double(id % 11) / 10)
    }

    /// Connections to be opened as soon as the back-off allows it.
    private var attempts: Int {
        guard !isClosing else { return 0 }
        let room = limits.size - slots.count
        let wanted = max(0, limits.isMultiplexed ? room : min(room, waiters.count - connecting))
        // After a failure, one attempt at a time is enough to find out.
        return failures > 0 ? min(wanted, connecting == 0 ? 1 : 0) : wanted
    }

    // MARK: Callers

    /// Somebody wants a connection.
    mutating func lease(now: MonotonicInstant) -> (Lease, [Action]) {
        guard !isClosing else { return (.refused(.closed), []) }
        if let id = idle.popLast(), case .idle(let since)? = slots[id] {
            slots[id] = .leased(since: since)
            return (.granted(id), [])
        }
        if isAway, (nextAttempt ?? now) > now || connecting > 0 { return (.refused(lastFailure), []) }
        guard waiters.count < limits.maxWaiters else {
            return (.refused(.unavailable("too many callers wait for a connection")), [])
        }
        lastID += 1
        waiters.append(Waiter(id: lastID, deadline: now + limits.wait))
        return (.queued(lastID), grow(now: now))
    }

    /// A waiter is gone: its task was cancelled.
    mutating func cancelled(_ waiter: WaiterID) {
        waiters.removeAll { $0.id == waiter }
    }

    /// A lease ends.
    /// - Parameter isUsable: false where the connection is broken, or not known to be clean.
    mutating func release(_ id: ConnectionID, isUsable: Bool, now: MonotonicInstant) -> [Action] {
        guard case .leased(let since)? = slots[id] else { return [] }
        guard expiring.remove(id) == nil, isUsable, !isClosing else {
            slots[id] = nil
            return [.close(id)] + grow(now: now)
        }
        if let waiter = waiters.popFirst() { return [.grant(waiter.id, id)] }
        slots[id] = .idle(since: since)
        idle.append(id)
        return []
    }

    // MARK: Connections

    /// Opens what is always to be open.
    mutating func start(now: MonotonicInstant) -> [Action] {
        grow(now: now)
    }

    mutating func connected(_ id: ConnectionID, now: MonotonicInstant) -> [Action] {
        guard case .connecting? = slots[id] else { return [.close(id)] }
        guard !isClosing else {
            slots[id] = nil
            return [.close(id)]
        }
        nextAttempt = nil
        if limits.isMultiplexed {
            // `failures` stays until the connection has lived for a while.
            slots[id] = .shared(since: now)
            var replaced: [Action] = []
            if let old = successors.removeValue(forKey: id), slots.removeValue(forKey: old) != nil { replaced = [.retire(old)] }
            earliestReplacement = nil
            let granted = waiters.map { Action.grant($0.id, id) }
            waiters.removeAll()
            return granted + replaced + grow(now: now)
        }
        failures = 0
        slots[id] = .leased(since: now)
        return release(id, isUsable: true, now: now) + grow(now: now)
    }

    /// - Parameter dice: from 0 up to 1, for the jitter.
    mutating func connectFailed(
        _ id: ConnectionID, reason: DatabaseError, now: MonotonicInstant, dice: Double
    ) -> [Action] {
        slots[id] = nil
        if let old = successors.removeValue(forKey: id), slots[old] != nil {
            // The old one goes on: there may be no room for two.
            earliestReplacement = now + limits.longestReconnectDelay
            return []
        }
        backOff(reason, now: now, dice: dice)
        guard size == 0, connecting == 0 else { return [] }
        return failWaiters(reason)
    }

    /// An open connection broke, leased or not.
    mutating func lost(_ id: ConnectionID, now: MonotonicInstant, dice: Double) -> [Action] {
        guard let slot = slots.removeValue(forKey: id) else { return [] }
        idle.removeAll { $0 == id }
        expiring.remove(id)
        if let since = slot.since, now - since < limits.shortestLife {
            backOff(.unavailable("the connection was lost at once"), now: now, dice: dice)
        } else if nextAttempt == nil {
            failures = 0
        }
        return [.close(id)] + grow(now: now)
    }

    /// The server does not answer: every connection is given up, and the next attempt is made after a pause.
    mutating func serverWentAway(_ reason: DatabaseError, now: MonotonicInstant, dice: Double) -> [Action] {
        let open = slots.filter { $0.value.since != nil }.keys.sorted()
        for id in open { slots[id] = nil }
        idle.removeAll()
        expiring.removeAll()
        if nextAttempt == nil { backOff(reason, now: now, dice: dice) }
        return open.map { .close($0) } + failWaiters(reason)
    }

    /// Replaces a connection by a new one: a leased one when it is released, a shared one when the new one is connected.
    mutating func replace(_ id: ConnectionID, now: MonotonicInstant) -> [Action] {
        switch slots[id] {
        case .leased:
            expiring.insert(id)
            return []
        case .idle:
            slots[id] = nil
            idle.removeAll { $0 == id }
            return [.retire(id)] + grow(now: now)
        case .shared:
            guard !isClosing, !successors.values.contains(id), (earliestReplacement ?? now) <= now else { return [] }
            lastID += 1
            slots[lastID] = .connecting
            successors[lastID] = id
            return [.connect(lastID)]
        case .connecting, nil:
            return []
        }
    }

    /// The server answers again, as others have found: no need to wait any longer.
    mutating func serverReturned(now: MonotonicInstant) -> [Action] {
        guard failures > 0 else { return [] }
        failures = 0
        nextAttempt = nil
        return grow(now: now)
    }

    /// Called at ``nextTick``: ends waits that are over, and connects again.
    mutating func tick(now: MonotonicInstant) -> [Action] {
        var actions: [Action] = []
        while let first = waiters.first, first.deadline <= now {
            waiters.removeFirst()
            actions.append(.fail(first.id, .timeout("waiting for a database connection")))
        }
        return actions + replaceOld(now: now) + grow(now: now)
    }

    private mutating func replaceOld(now: MonotonicInstant) -> [Action] {
        guard let nextReplacement, nextReplacement <= now else { return [] }
        // Where no other could be made, an old connection is better than none.
        guard limits.isMultiplexed || failures == 0 else {
            earliestReplacement = now + limits.longestReconnectDelay
            return []
        }
        let old = slots.filter { id, slot in expiry(of: id, slot).map { $0 <= now } ?? false }.keys.sorted()
        return old.flatMap { replace($0, now: now) }
    }

    /// Refuses callers from now on, and closes what is not in use; leased connections are closed when they are released.
    mutating func close() -> [Action] {
        guard !isClosing else { return [] }
        isClosing = true
        var actions = failWaiters(.closed)
        for (id, slot) in slots.sorted(by: { $0.key < $1.key }) {
            switch slot {
            case .idle, .shared:
                slots[id] = nil
                actions.append(.close(id))
            case .connecting, .leased:
                break
            }
        }
        idle.removeAll()
        return actions
    }

    // MARK: Pieces

    private mutating func grow(now: MonotonicInstant) -> [Action] {
        if let nextAttempt, nextAttempt > now { return [] }
        var actions: [Action] = []
        for _ in 0..<attempts {
            lastID += 1
            slots[lastID] = .connecting
            actions.append(.connect(lastID))
        }
        return actions
    }

    /// Half of the pause is fixed and half is thrown, so that the loops of many processes that lost the same server do not come
    /// back in step.
    private mutating func backOff(_ reason: DatabaseError, now: MonotonicInstant, dice: Double) {
        lastFailure = reason
        let whole = min(limits.longestReconnectDelay, limits.firstReconnectDelay * (1 << min(failures, 16)))
        failures += 1
        let nanoseconds = Double(whole.wholeNanoseconds) * (0.5 + 0.5 * min(max(dice, 0), 1))
        nextAttempt = now + .nanoseconds(Int64(nanoseconds))
    }

    private mutating func failWaiters(_ reason: DatabaseError) -> [Action] {
        defer { waiters.removeAll() }
        return waiters.map { .fail($0.id, reason) }
    }
}
