// How long one trip to a pool thread may take. Made on the loop, asked on the pool's thread by SQLite's callbacks, cancelled
// from anywhere: everything in it is immutable or atomic.

import Synchronization

/// The deadline and the cancellation of one statement.
///
/// `sqlite3_interrupt` alone would not do: it interrupts what runs at that moment, and a task may be cancelled before the
/// pool's thread has begun. SQLite's progress handler asks this object instead, and finds out in either order.
final class SQLiteOperation: Sendable {
    /// Virtual-machine instructions between two looks: about 50 us of work, so that a look (20 ns) costs nothing.
    static let instructionsBetweenLooks: Int32 = 1_000

    /// The statement ends at this instant, whatever it is doing.
    let deadline: MonotonicInstant
    /// How long the pool's thread itself may wait for another process' lock before it gives the thread back.
    let lockPatience: Duration
    private let isCancellable: Bool
    private let isCancelledFlag = Atomic<Bool>(false)

    init(deadline: MonotonicInstant, lockPatience: Duration, isCancellable: Bool = true) {
        self.deadline = deadline
        self.lockPatience = lockPatience
        self.isCancellable = isCancellable
    }

    /// For what must run to its end: ROLLBACK and closing.
    static var unlimited: SQLiteOperation {
        SQLiteOperation(deadline: MonotonicInstant(nanoseconds: .max), lockPatience: .zero, isCancellable: false)
    }

    /// Any thread.
    func cancel() {
        guard isCancellable else { return }
        isCancelledFlag.store(true, ordering: .relaxed)
    }

    var isCancelled: Bool { isCancelledFlag.load(ordering: .relaxed) }

    /// Why the statement must end now, if it must.
    var interruption: DatabaseError? {
        if isCancelled { return .cancelled }
        if MonotonicInstant.now() >= deadline { return .timeout("the statement took too long") }
        return nil
    }
}
