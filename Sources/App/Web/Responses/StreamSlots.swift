// How many answers that last are open in this process, of each who may have only so many, and of all together. Any thread.

import Reactor

/// Hands out places for streams.
final class StreamSlots<Owner: Hashable & Sendable>: Sendable {
    private struct Taken: Sendable {
        var byOwner: [Owner: Int] = [:]
        var inAll = 0
    }

    private let maxPerOwner: Int
    private let maxInAll: Int
    private let taken = Lock(Taken())

    init(maxPerOwner: Int, maxInAll: Int = .max) {
        self.maxPerOwner = maxPerOwner
        self.maxInAll = maxInAll
    }

    /// A place, free again when nothing refers to it any more: also where the stream never begins.
    final class Slot: Sendable {
        private let slots: StreamSlots
        private let owner: Owner

        fileprivate init(_ slots: StreamSlots, _ owner: Owner) {
            self.slots = slots
            self.owner = owner
        }

        deinit { slots.giveBack(owner) }
    }

    /// Nil where the owner has as many as they may, or no place is left.
    func take(for owner: Owner) -> Slot? {
        let isTaken = taken.withLock { taken in
            let count = taken.byOwner[owner, default: 0]
            guard count < maxPerOwner, taken.inAll < maxInAll else { return false }
            taken.byOwner[owner] = count + 1
            taken.inAll += 1
            return true
        }
        return isTaken ? Slot(self, owner) : nil
    }

    /// Streams that are open.
    var count: Int { taken.withLock { $0.inAll } }

    private func giveBack(_ owner: Owner) {
        taken.withLock { taken in
            taken.inAll -= 1
            guard let count = taken.byOwner[owner], count > 1 else { return taken.byOwner[owner] = nil }
            taken.byOwner[owner] = count - 1
        }
    }
}
