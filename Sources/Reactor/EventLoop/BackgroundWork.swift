// Long computing that requests must not feel: each piece on a thread of its own, which gets a tenth of a core while others want it.
// Any thread.

import CLibuv
import Glibc

extension EventLoop {
    /// Runs `work` on a new thread of low priority, and resumes on this loop.
    ///
    /// For computing that takes milliseconds, password hashes above all: on the blocking pool it competes with the loops for the
    /// cores, and where it has all of them a request waits for a time slice. A thread without privileges can lower its priority and
    /// never raise it again, which is why it is not one of the pool's; beside such work it costs nothing to make one.
    ///
    /// Nothing here is bounded: whoever can be asked for many pieces of work at once bounds them. Cancelling the task does not stop
    /// work that has begun; the result is awaited all the same.
    /// - Throws: what `work` throws, or ``TransportError`` where there can be no further thread.
    public func runInBackground<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await unsafe withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<T, any Error>) in
            // The task's own executor, which is a loop, takes the resumption in from any thread.
            let code = BackgroundThread.start { unsafe continuation.resume(with: Result { try work() }) }
            if code != 0 { unsafe continuation.resume(throwing: TransportError(code: -code, operation: "pthread_create")) }
        }
    }
}

/// A thread that nobody joins.
private enum BackgroundThread {
    final class Start: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    /// - Returns: errno's value where it could not be started; `body` is not called then.
    static func start(_ body: @escaping @Sendable () -> Void) -> Int32 {
        var id = pthread_t()
        let start = unsafe Unmanaged.passRetained(Start(body))
        let code = unsafe pthread_create(&id, nil, runBackgroundThread, start.toOpaque())
        guard code == 0 else {
            unsafe start.release()
            return code
        }
        pthread_detach(id)
        return 0
    }
}

private func runBackgroundThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    unsafe reactor_set_thread_name("background")
    reactor_lower_thread_priority()
    // SAFETY: balances the retain in `start`, which hands the object to this thread alone.
    unsafe Unmanaged<BackgroundThread.Start>.fromOpaque(context).takeRetainedValue().body()
    return nil
}
