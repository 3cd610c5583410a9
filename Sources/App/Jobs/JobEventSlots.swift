// How many streams of events each user has open, in this process. Any thread.

import Reactor

/// Hands out places for streams.
final class JobEventSlots: Sendable {
    private let maxPerUser: Int
    private let taken = Lock<[Int64: Int]>([:])

    init(maxPerUser: Int) {
        self.maxPerUser = maxPerUser
    }

    /// A place, free again when nothing refers to it any more: also where the stream never begins.
    final class Slot: Sendable {
        private let slots: JobEventSlots
        private let user: Int64

        fileprivate init(_ slots: JobEventSlots, _ user: Int64) {
            self.slots = slots
            self.user = user
        }

        deinit { slots.giveBack(user) }
    }

    /// Nil where the user has as many as they may.
    func take(for user: Int64) -> Slot? {
        let isTaken = taken.withLock { taken in
            let count = taken[user, default: 0]
            guard count < maxPerUser else { return false }
            taken[user] = count + 1
            return true
        }
        return isTaken ? Slot(self, user) : nil
    }

    /// Streams that are open.
    var count: Int { taken.withLock { $0.values.reduce(0, +) } }

    private func giveBack(_ user: Int64) {
        taken.withLock { taken in
            guard let count = taken[user], count > 1 else { return taken[user] = nil }
            taken[user] = count - 1
        }
    }
}
