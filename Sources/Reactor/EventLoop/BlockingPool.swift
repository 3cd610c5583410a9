// Work that blocks (password hashes, files, getaddrinfo, SQLite) runs on libuv's thread pool and comes back to its loop.
// The pool is the process's; each piece of work belongs to the loop that asked.

import CLibuv
import Glibc

/// libuv's thread pool.
enum BlockingPool {
    /// libuv's default of 4 lets four slow look-ups stop everything else; threads that wait cost only address space.
    static let defaultThreads = 8

    /// Sets the pool's size unless the environment names one. Takes effect before the pool is first used.
    static func configure() {
        unsafe setenv("UV_THREADPOOL_SIZE", String(defaultThreads), 0)
    }

    /// One piece of work on its way to the pool and back.
    // SAFETY: libuv hands it from the loop to one pool thread and back; nobody touches it twice at a time.
    fileprivate final class Work: @unchecked Sendable {
        let work: () -> Void
        let finish: () -> Void

        init(work: @escaping () -> Void, finish: @escaping () -> Void) {
            self.work = work
            self.finish = finish
        }
    }

    /// Where the pool's thread leaves the result for the loop to find.
    // SAFETY: written on the pool's thread before libuv's own lock hands the request back, read after.
    fileprivate final class Outcome<T: Sendable>: @unchecked Sendable {
        var result: Result<T, any Error>?
    }

    fileprivate static func queue(_ work: Work, on loop: EventLoop) {
        let request = UnsafeMutablePointer<uv_work_t>.allocate(capacity: 1)
        unsafe request.pointee.data = Unmanaged.passRetained(work).toOpaque()
        let code = unsafe uv_queue_work(loop.handles.loop, request, onWork, onWorkDone)
        precondition(code == 0, "uv_queue_work failed with \(code)")
    }
}

extension EventLoop {
    /// Runs `work` on the blocking pool and resumes on this loop.
    ///
    /// The pool's queue has no bound of its own: whoever can be asked for many pieces of work at once bounds them.
    /// Cancelling the task does not stop work that was queued; the result is awaited all the same.
    public func runBlocking<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        let outcome = BlockingPool.Outcome<T>()
        return try await unsafe withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<T, any Error>) in
            let item = BlockingPool.Work(
                work: { outcome.result = Result { try work() } },
                finish: {
                    guard let result = outcome.result else { preconditionFailure("blocking work came back without a result") }
                    unsafe continuation.resume(with: result)
                })
            if isOnLoop {
                BlockingPool.queue(item, on: self)
            } else {
                post { BlockingPool.queue(item, on: self) }
            }
        }
    }
}

private func onWork(_ request: UnsafeMutablePointer<uv_work_t>?) {
    guard let data = unsafe request?.pointee.data else { return }
    // SAFETY: retained by `queue` until `onWorkDone`.
    unsafe Unmanaged<BlockingPool.Work>.fromOpaque(data).takeUnretainedValue().work()
}

private func onWorkDone(_ request: UnsafeMutablePointer<uv_work_t>?, _ status: Int32) {
    guard let request = unsafe request, let data = unsafe request.pointee.data else { return }
    // SAFETY: balances the retain in `queue`; called once.
    let item = unsafe Unmanaged<BlockingPool.Work>.fromOpaque(data).takeRetainedValue()
    unsafe request.deallocate()
    item.finish()
}
