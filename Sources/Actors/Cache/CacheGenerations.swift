// Which entries of the cache still count: a namespace's generation is part of its entries, and raising it forgets them all at
// once. Shared by the loops of a process, behind a mutex (about 12 ns; a hop to a home loop would cost a thousand times that,
// and an invalidation must hold on every loop the moment it returns).

import Reactor
import Synchronization

/// One state of a namespace. Entries of another generation are as good as gone.
struct CacheGeneration: Sendable, Hashable {
    var high: UInt64
    var low: UInt64

    /// Never used before, by any process: what a shared store is given. A counter would begin again at a value that old
    /// entries still carry once the store has evicted it.
    static func unique() -> CacheGeneration {
        var generator = SystemRandomNumberGenerator()
        return CacheGeneration(high: generator.next(), low: generator.next())
    }

    static let byteCount = 16

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(CacheGeneration.byteCount)
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: high >> UInt64(shift))) }
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: low >> UInt64(shift))) }
        return bytes
    }

    /// The generation at the start of `bytes`. Nil where there are fewer than 16.
    init?(prefixOf bytes: [UInt8]) {
        guard bytes.count >= CacheGeneration.byteCount else { return nil }
        high = 0
        low = 0
        for index in 0..<8 {
            high = high << 8 | UInt64(bytes[index])
            low = low << 8 | UInt64(bytes[index + 8])
        }
    }

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// The generations that this process knows of. Bounded: past its limit every namespace is raised at once, which costs misses
/// and nothing else.
final class CacheGenerations: Sendable {
    private struct State {
        var counter: UInt64 = 0
        /// The generation of every namespace that has no entry of its own.
        var floor: UInt64 = 0
        var raised: [String: UInt64] = [:]
        /// Namespaces that were raised here and that the shared store has not confirmed, with the counter's value when they
        /// were: of two invalidations under way, the earlier one's success must not stand for the later one's.
        var unpublished: [String: UInt64] = [:]
        /// Whether every invalidation reaches this process, also another one's.
        var isInformed = true
        /// The shared store is not read until then: another process could not tell it of everything that it has changed.
        var bypassedUntil = MonotonicInstant(nanoseconds: 0)
        /// Others have been heard before: what they said since is missing.
        var hasListened = false

        mutating func raiseAll() {
            counter += 1
            floor = counter
            raised.removeAll()
        }
    }

    private let state = Mutex(State())
    private let maxNamespaces: Int

    init(maxNamespaces: Int = 65_536) {
        self.maxNamespaces = max(1, maxNamespaces)
    }

    func current(of namespace: String) -> CacheGeneration {
        state.withLock { CacheGeneration(high: 0, low: $0.raised[namespace] ?? $0.floor) }
    }

    /// The generation, and whether entries of this process may be used: not while other processes may invalidate them unheard.
    func lookUp(_ namespace: String) -> (generation: CacheGeneration, isInformed: Bool) {
        state.withLock { (CacheGeneration(high: 0, low: $0.raised[namespace] ?? $0.floor), $0.isInformed) }
    }

    /// - Parameter isInformed: what was cached before may have been invalidated unheard, and counts no more.
    func setInformed(_ isInformed: Bool) {
        state.withLock { state in
            state.isInformed = isInformed
            state.raiseAll()
        }
    }

    func raiseAll() {
        state.withLock { $0.raiseAll() }
    }

    func raise(_ namespace: String) {
        state.withLock { state in
            state.counter += 1
            state.raised[namespace] = state.counter
            if state.raised.count > maxNamespaces { state.raiseAll() }
        }
    }

    // MARK: What the shared store has yet to learn

    /// Whether the shared store may hold entries of a namespace that count no more.
    func isUnpublished(_ namespace: String, now: MonotonicInstant) -> Bool {
        state.withLock { $0.bypassedUntil > now || (!$0.unpublished.isEmpty && $0.unpublished[namespace] != nil) }
    }

    /// Others are heard, from now on or again.
    func listeningBegan(bypassUntil instant: MonotonicInstant) {
        state.withLock { state in
            if state.hasListened { state.bypassedUntil = max(state.bypassedUntil, instant) }
            state.hasListened = true
        }
    }

    func bypassSharedStore(until instant: MonotonicInstant) {
        state.withLock { $0.bypassedUntil = max($0.bypassedUntil, instant) }
    }

    /// What has to be published, as far as it is worth naming.
    var unpublishedNamespaces: [String] { state.withLock { Array($0.unpublished.keys) } }

    /// Past the limit a namespace is not remembered: other processes then see its old entries until those expire.
    /// - Returns: what to pass to ``markPublished(_:through:)``.
    func markUnpublished(_ namespaces: [String]) -> UInt64 {
        state.withLock { state in
            state.counter += 1
            for namespace in namespaces where state.unpublished.count < maxNamespaces || state.unpublished[namespace] != nil {
                state.unpublished[namespace] = state.counter
            }
            return state.counter
        }
    }

    /// The shared store has confirmed the namespaces, as far as they were raised up to `ticket`.
    func markPublished(_ namespaces: [String], through ticket: UInt64) {
        state.withLock { state in
            for namespace in namespaces {
                if let raisedAt = state.unpublished[namespace], raisedAt <= ticket { state.unpublished[namespace] = nil }
            }
        }
    }

    /// Up to `count` of them, and the ticket to confirm them with.
    func unpublished(atMost count: Int) -> (namespaces: [String], ticket: UInt64) {
        state.withLock { (Array($0.unpublished.keys.prefix(count)), $0.counter) }
    }
}
