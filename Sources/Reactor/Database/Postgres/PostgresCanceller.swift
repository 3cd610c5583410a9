// Cancelling a running statement. libpq does it over a second connection, and blocks: on the blocking pool, bounded, with a
// deadline of our own.

import CLibpq
import Synchronization

/// What it takes to cancel whatever one connection is running.
// SAFETY: libpq documents PGcancel as usable from any thread; only `deinit` frees it.
@safe
final class PostgresCanceller: @unchecked Sendable {
    private let cancel: OpaquePointer

    /// A server that is stopped, not dead, accepts the connection and never answers, and PQcancel has no timeout: each such
    /// call occupies a thread of the pool until the server is back. Two of eight may be lost to it.
    private static let maxAtOnce = 2
    private static let running = Atomic<Int>(0)

    init(_ cancel: OpaquePointer) {
        unsafe self.cancel = unsafe cancel
    }

    deinit { unsafe PQfreeCancel(cancel) }

    /// Asks the server to cancel. On-loop; runs to its end even in a cancelled task.
    ///
    /// When this gives true, the signal has been given: it hits what was running when the call was made, and nothing that is
    /// sent afterwards.
    /// - Returns: false where the server was not reached within `limit`, or too many are waiting for it: nobody knows then
    ///   what the signal will hit, and the connection is not to be used again.
    func send(on loop: EventLoop, within limit: Duration) async -> Bool {
        guard PostgresCanceller.running.add(1, ordering: .relaxed).newValue <= PostgresCanceller.maxAtOnce else {
            PostgresCanceller.running.subtract(1, ordering: .relaxed)
            return false
        }
        let hasReached = try? await loop.runBlocking(within: limit) { () -> Bool in
            defer { PostgresCanceller.running.subtract(1, ordering: .relaxed) }
            return self.sendBlocking()
        }
        return hasReached ?? false
    }

    private func sendBlocking() -> Bool {
        // libpq wants 256 bytes for a message.
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            unsafe PQcancel(cancel, buffer.baseAddress, 256) == 1
        }
    }
}
