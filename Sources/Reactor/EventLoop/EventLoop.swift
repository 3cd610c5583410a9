// The event loop: one thread that runs libuv and, between two polls, the Swift jobs that became ready.
//
// It owns one uv_loop_t and everything on it. `SerialExecutor` and `TaskExecutor` are conformed to by the same object on
// purpose: a job that is run as isolated to this executor *and* with it as its task executor can call from actor to actor on
// this loop without being enqueued again. With one of the two missing, each such call costs two trips through the queue.
//
// Thread: everything marked "on-loop" belongs to the loop's thread. `enqueue` and `post` may be called from any thread.

import CLibuv
import Glibc

/// One thread running libuv that is also a Swift executor.
///
/// A loop is made, started and joined by ``EventLoopGroup/withGroup(loops:_:)``; it cannot outlive that scope. State is tied
/// to a loop by an actor whose `unownedExecutor` is the loop (``LoopActor`` is the ready-made one), and tasks are started on it
/// with `executorPreference: loop`.
// SAFETY: loop-confined state is touched only on the loop's thread (`isOnLoop`); what other threads reach is in `inbox`,
// behind its lock; `thread` and `handles` are written before the first other thread learns of the loop.
@safe
public final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    /// This loop's position in its group, from 0.
    public let index: Int

    /// How many jobs one drain may run before I/O is polled again: a chain of jobs that re-enqueue each other must not starve
    /// the sockets. Large enough that a poll's worth of connections (libuv: 1,024 events) fits in one.
    static let maxJobsPerDrain = 1_024

    let handles: LoopHandles
    /// On-loop: the loop's read buffer and its stock of write buffers.
    let buffers = BufferPool()
    private var thread = pthread_t()

    // On-loop.
    private var ready = ContiguousArray<UnownedJob>()
    private var batch = ContiguousArray<UnownedJob>()
    private var batchPosition = 0
    private var posted: [@Sendable () -> Void] = []
    private var flushes: [any TickFlushable] = []
    private var flushing: [any TickFlushable] = []
    private var counters = EventLoopStatistics()
    private var pieces = PieceClock()

    // Any thread.
    private let inbox = Lock(Inbox())

    private struct Inbox {
        var jobs = ContiguousArray<UnownedJob>()
        var closures: [@Sendable () -> Void] = []
        /// Set when the loop has been woken and has not come to look yet: later arrivals of the burst need no wake-up.
        var isWakeUpPending = false
        var isClosed = false
        var wakeUps = 0
        var jobsFromElsewhere = 0
    }

    /// The actor to isolate to when a piece of work needs the loop but has no actor of its own.
    public var isolation: LoopActor { madeIsolation }
    private var madeIsolation: LoopActor!

    init(index: Int) throws(TransportError) {
        self.index = index
        let handles = try LoopHandles()
        self.handles = handles
        madeIsolation = LoopActor(of: self)
        handles.attach(self)
    }

    // MARK: Executor

    /// True on the loop's own thread. Costs a read of the thread pointer.
    public var isOnLoop: Bool {
        pthread_equal(pthread_self(), thread) != 0
    }

    /// Takes a job in. On-loop it is an append; from another thread it is a locked append, and one wake-up a burst.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isOnLoop {
            ready.append(job)
            counters.jobsEnqueued &+= 1
        } else {
            deliver {
                $0.jobs.append(job); $0.jobsFromElsewhere &+= 1
            }
        }
    }

    public func checkIsolated() {
        precondition(isOnLoop, "this code belongs to event loop \(index), and runs on another thread")
    }

    public func isIsolatingCurrentContext() -> Bool? {
        isOnLoop
    }

    // MARK: Work from anywhere

    /// Runs `body` on the loop, soon: what is posted while jobs run comes after them and after one look at the sockets that does
    /// not wait. Callable from any thread; on a loop that has ended it does nothing.
    public func post(_ body: @escaping @Sendable () -> Void) {
        if isOnLoop {
            posted.append(body)
        } else {
            deliver { $0.closures.append(body) }
        }
    }

    private func deliver(_ append: (inout Inbox) -> Void) {
        inbox.withLock { inbox in
            // A job for a loop that has ended has nowhere to run. Only a task that escaped the group's scope can make one.
            guard !inbox.isClosed else { return }
            append(&inbox)
            guard !inbox.isWakeUpPending else { return }
            inbox.isWakeUpPending = true
            inbox.wakeUps &+= 1
            // Inside the lock: `run` closes the inbox, under the lock too, before it closes the handle. Once a burst.
            handles.wakeUp()
        }
    }

    // MARK: On-loop services

    /// The time at which this tick began, milliseconds exact; read once a tick by libuv. On-loop.
    public var now: MonotonicInstant {
        MonotonicInstant(nanoseconds: Int64(truncatingIfNeeded: handles.milliseconds) &* 1_000_000)
    }

    /// Calls `target.flushTick()` once, before the loop polls again: writes and database commands of one tick are gathered
    /// and sent together. The caller keeps its own "already scheduled" flag. On-loop.
    public func onTickEnd(_ target: any TickFlushable) {
        flushes.append(target)
    }

    /// What this loop has done since it began. On-loop.
    public var statistics: EventLoopStatistics {
        var snapshot = counters
        snapshot.jobsReady = ready.count + batch.count - batchPosition
        snapshot.longestPiece = pieces.longest
        snapshot.longPieces = pieces.longPieces
        inbox.withLock {
            snapshot.wakeUps = $0.wakeUps
            snapshot.jobsFromElsewhere = $0.jobsFromElsewhere
        }
        return snapshot
    }

    /// How long the piece of work that runs has taken so far. Reads the clock. On-loop.
    var pieceElapsed: Duration { pieces.elapsed }

    /// Whether the loop has been busy for 5 ms or so since it last looked at its sockets. Reads the clock. On-loop.
    var isTickLong: Bool { MonotonicInstant.now() - now >= .milliseconds(5) }

    /// Lets the others on this loop have their turn: resumes after a look at the sockets. On-loop.
    func yieldToOthers(isolation: isolated (any Actor)? = #isolation) async {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            // SAFETY: resumed once, on this loop.
            nonisolated(unsafe) let continuation = unsafe continuation
            post { unsafe continuation.resume() }
        }
    }

    // MARK: The tick (called by LoopHandles, on-loop)

    /// The thread's body: polls until ``stop()``, then runs what is left and closes the loop.
    func run() {
        handles.run()
        while beforePoll() {}
        inbox.withLock { $0.isClosed = true }
        takeInbox()
        while beforePoll() {}
        handles.closeAll()
    }

    /// Ends ``run()`` after the jobs that are ready. Any thread.
    func stop() {
        post { self.handles.stop() }
    }

    func takeInbox() {
        let (jobs, closures) = inbox.withLock { inbox in
            inbox.isWakeUpPending = false
            defer {
                inbox.jobs.removeAll(keepingCapacity: inbox.jobs.count < 4_096)
                inbox.closures.removeAll(keepingCapacity: false)
            }
            return (inbox.jobs, inbox.closures)
        }
        ready.append(contentsOf: jobs)
        posted.append(contentsOf: closures)
    }

    /// After a poll: run what its callbacks made ready.
    func afterPoll() {
        counters.ticks &+= 1
        // The poll's callbacks are one piece. libuv read the clock when the poll returned.
        pieces.begin(at: now)
        pieces.end()
        drain()
    }

    /// Before a poll: run what timers made ready, send what the tick gathered. Returns whether work is left, in which case
    /// the poll must not block.
    func beforePoll() -> Bool {
        // The timers' callbacks are one piece. libuv read the clock before them.
        pieces.begin(at: now)
        pieces.end()
        drain()
        flush()
        return !ready.isEmpty || batchPosition < batch.count || !posted.isEmpty
    }

    private func drain() {
        var budget = EventLoop.maxJobsPerDrain
        while true {
            if !posted.isEmpty {
                let bodies = posted
                posted = []
                for body in bodies {
                    body()
                    pieces.end()
                }
            }
            while batchPosition < batch.count {
                guard budget > 0 else { return }
                budget -= 1
                let job = batch[batchPosition]
                batchPosition += 1
                // SAFETY: a job is taken from the batch once, and run on the thread of the executor it was given to.
                unsafe job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
                counters.jobsRun &+= 1
                pieces.end()
            }
            batch.removeAll(keepingCapacity: batch.count < 4_096)
            batchPosition = 0
            // What was posted meanwhile is the next drain's, after a look at the sockets: a closure may post itself again.
            guard !ready.isEmpty else { return }
            swap(&ready, &batch)
        }
    }

    private func flush() {
        while !flushes.isEmpty {
            swap(&flushes, &flushing)
            for target in flushing { target.flushTick() }
            flushing.removeAll(keepingCapacity: true)
            pieces.end()
        }
    }

    // MARK: Thread

    /// Starts the loop's thread and returns once it is polling.
    func start(name: String? = nil) -> LoopThread {
        LoopThread.start(name: name ?? "loop-\(index)") { [self] thread in
            self.thread = thread
        } body: { [self] in
            run()
        }
    }
}

/// Something that gathers work during a tick and sends it at the tick's end.
public protocol TickFlushable: AnyObject {
    /// Called on-loop, once for each ``EventLoop/onTickEnd(_:)``. May schedule itself again for this same tick.
    func flushTick()
}

/// Counts since a loop began: what budgets and metrics are made of.
public struct EventLoopStatistics: Sendable, Equatable {
    /// Times that the loop polled.
    public internal(set) var ticks = 0
    /// Jobs run.
    public internal(set) var jobsRun = 0
    /// Jobs enqueued from the loop's own thread.
    public internal(set) var jobsEnqueued = 0
    /// Jobs enqueued from other threads.
    public internal(set) var jobsFromElsewhere = 0
    /// `uv_async_send` calls: one a burst from other threads.
    public internal(set) var wakeUps = 0
    /// Jobs that were ready when the snapshot was taken.
    public internal(set) var jobsReady = 0
    /// The longest time that the loop spent on one piece of work: a job, the callbacks of one poll, the writes of one tick. Every
    /// connection waits for it. By the wall clock: a thread that the kernel takes off its core is counted too.
    public internal(set) var longestPiece = Duration.zero
    /// Pieces of 10 ms or more.
    public internal(set) var longPieces = 0

    public init() {}
}
