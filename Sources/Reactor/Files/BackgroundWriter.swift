// Lines on their way to a standard stream: callers append to memory, a thread of its own does the writing, so that a reader
// which stalls (a full pipe, a slow terminal) stalls no event loop. Owns that thread and the bytes that are not written yet.
// Any thread.

import Glibc
import Synchronization

/// A bounded queue of bytes before a standard stream.
///
/// The thread lives until the process ends: to have the last bytes written, call ``flush(within:)``.
// SAFETY: the semaphore is made for use from several threads and is never freed while the thread waits on it, because the
// thread keeps the writer alive; everything else is behind mutexes.
@safe
public final class BackgroundWriter: @unchecked Sendable {
    /// How long the thread gathers after it was woken: a busy server then pays a wake-up for hundreds of lines, not for each.
    private static let gatheringMicroseconds: UInt32 = 5_000

    private struct Pending {
        var bytes: [UInt8] = []
        var droppedCount = 0
    }

    private let stream: StandardStream
    private let maxPendingBytes: Int
    private let pending = Mutex(Pending())
    /// Held from taking bytes to having written them, which keeps two writers in order.
    private let writing = Mutex(())
    private let wakeUp: UnsafeMutablePointer<sem_t>

    /// - Parameter maxPendingBytes: past it what is appended is dropped, and the drop is reported once there is room again.
    public init(_ stream: StandardStream, maxPendingBytes: Int = 4 << 20) {
        self.stream = stream
        self.maxPendingBytes = maxPendingBytes
        unsafe wakeUp = .allocate(capacity: 1)
        unsafe sem_init(wakeUp, 0, 0)
        _ = LoopThread.start(name: "log-writer") { _ in
        } body: { [self] in
            run()
        }
    }

    /// Takes whole lines; they are written soon.
    /// - Returns: false where the queue was full and they were dropped.
    @discardableResult
    public func append(_ lines: [UInt8]) -> Bool {
        let (isTaken, mustWake) = pending.withLock { pending in
            guard lines.count <= maxPendingBytes - pending.bytes.count else {
                pending.droppedCount &+= 1
                return (false, false)
            }
            let wasEmpty = pending.bytes.isEmpty
            pending.bytes.append(contentsOf: lines)
            return (true, wasEmpty)
        }
        if mustWake { unsafe sem_post(wakeUp) }
        return isTaken
    }

    /// Writes on the caller's thread what is pending, and returns when it is written. Blocks.
    public func flush() {
        writing.withLock { _ in
            let taken = take()
            stream.write(taken.bytes)
            stream.write(BackgroundWriter.report(of: taken))
        }
    }

    /// The same for the end of a process, whose reader may have stopped reading.
    /// - Returns: false where not all of it could be written within `limit`; the rest is dropped.
    @discardableResult
    public func flush(within limit: Duration) -> Bool {
        let deadline = MonotonicInstant.now() + limit
        while true {
            let isWritten = writing.withLockIfAvailable { _ in
                let taken = take()
                return stream.writeAvailable(taken.bytes + BackgroundWriter.report(of: taken), within: max(.zero, deadline - .now()))
            }
            if let isWritten { return isWritten }
            // The thread is writing, and may be stuck there.
            guard MonotonicInstant.now() < deadline else { return false }
            usleep(1_000)
        }
    }

    private func take() -> Pending {
        pending.withLock { pending in
            defer { pending = Pending() }
            return pending
        }
    }

    private static func report(of taken: Pending) -> [UInt8] {
        guard taken.droppedCount > 0 else { return [] }
        return Array("(\(taken.droppedCount) log lines were dropped: their reader was too slow)\n".utf8)
    }

    private func run() {
        while true {
            while unsafe sem_wait(wakeUp) != 0 {}
            usleep(BackgroundWriter.gatheringMicroseconds)
            flush()
        }
    }
}
