// A bounded table that forgets what was used longest ago. Pure; the owner passes the time.
//
// The recency list is threaded through array indices instead of node objects: no allocation and no reference count per
// entry, and a touched entry moves by four stores.

import Reactor

/// Least-recently-used table with a time to live, bounded by entries and by cost. Every operation is O(1).
struct LRU<Key: Hashable, Value> {
    fileprivate struct Node {
        var key: Key
        var value: Value
        var cost: Int
        var expiresAt: MonotonicInstant
        var newer: Int
        var older: Int
    }

    /// The end of a list of indices.
    private static var none: Int { -1 }

    let maxEntries: Int
    let maxCost: Int
    /// Of all entries together.
    private(set) var totalCost = 0
    /// Entries that made room for others, so far; expired ones do not count.
    private(set) var evictions = 0

    private var indices: [Key: Int] = [:]
    private var nodes: [Node?] = []
    private var vacant: [Int] = []
    private var newest = none
    private var oldest = none

    /// - Parameters:
    ///   - maxEntries: at least 1.
    ///   - maxCost: in whatever unit ``insert(_:for:cost:expiresAt:now:)`` is given; unbounded by default.
    init(maxEntries: Int, maxCost: Int = .max) {
        self.maxEntries = max(1, maxEntries)
        self.maxCost = maxCost
    }

    var count: Int { indices.count }

    /// The live value, which becomes the most recently used one. An expired value is removed.
    mutating func value(for key: Key, now: MonotonicInstant) -> Value? {
        guard let index = indices[key], let node = nodes[index] else { return nil }
        guard node.expiresAt > now else {
            removeNode(at: index)
            return nil
        }
        if index != newest {
            unlink(index)
            linkAsNewest(index)
        }
        return node.value
    }

    /// Inserts or replaces, then evicts until the bounds hold.
    /// - Returns: false where the value was not kept: already expired, or costlier than the whole table may be. The key then
    ///   has no value, not its old one.
    @discardableResult
    mutating func insert(_ value: Value, for key: Key, cost: Int = 1, expiresAt: MonotonicInstant, now: MonotonicInstant) -> Bool {
        if let index = indices[key] { removeNode(at: index) }
        guard expiresAt > now, cost >= 0, cost <= maxCost else { return false }
        // No overflow: both are at most maxCost, and compared before they are added.
        while oldest != Self.none, indices.count >= maxEntries || totalCost > maxCost - cost {
            if let node = nodes[oldest], node.expiresAt > now { evictions &+= 1 }
            removeNode(at: oldest)
        }
        let node = Node(key: key, value: value, cost: cost, expiresAt: expiresAt, newer: Self.none, older: Self.none)
        let index: Int
        if let reused = vacant.popLast() {
            index = reused
            nodes[index] = node
        } else {
            index = nodes.count
            nodes.append(node)
        }
        indices[key] = index
        totalCost += cost
        linkAsNewest(index)
        return true
    }

    @discardableResult
    mutating func removeValue(for key: Key) -> Value? {
        guard let index = indices[key] else { return nil }
        let value = nodes[index]?.value
        removeNode(at: index)
        return value
    }

    mutating func removeAll() {
        indices.removeAll()
        nodes.removeAll()
        vacant.removeAll()
        newest = Self.none
        oldest = Self.none
        totalCost = 0
    }

    // MARK: The list

    private mutating func removeNode(at index: Int) {
        guard let node = nodes[index] else { return }
        unlink(index)
        nodes[index] = nil
        vacant.append(index)
        indices[node.key] = nil
        totalCost -= node.cost
    }

    private mutating func unlink(_ index: Int) {
        guard let node = nodes[index] else { return }
        if node.newer == Self.none { newest = node.older } else { nodes[node.newer]?.older = node.older }
        if node.older == Self.none { oldest = node.newer } else { nodes[node.older]?.newer = node.newer }
    }

    private mutating func linkAsNewest(_ index: Int) {
        nodes[index]?.newer = Self.none
        nodes[index]?.older = newest
        if newest != Self.none { nodes[newest]?.newer = index }
        newest = index
        if oldest == Self.none { oldest = index }
    }
}

extension LRU: Sendable where Key: Sendable, Value: Sendable {}
extension LRU.Node: Sendable where Key: Sendable, Value: Sendable {}
