// A lock that ThreadSanitizer understands. Any thread.

import Glibc

/// A value behind a pthread mutex.
///
/// `Synchronization.Mutex` is a futex inside the standard library, which is not instrumented: ThreadSanitizer sees no order between
/// its holders and reports every one of them. What crosses threads in Reactor is behind this instead, so that the sanitizer's
/// silence means something. Uncontended it costs about 20 ns.
// SAFETY: `value` is touched only between lock and unlock; the mutex has a stable address, and lives as long as the object.
@safe
package final class Lock<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    package init(_ value: Value) {
        self.value = value
        unsafe mutex = .allocate(capacity: 1)
        let code = unsafe pthread_mutex_init(mutex, nil)
        precondition(code == 0, "pthread_mutex_init failed with \(code)")
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` with the value, alone. Must not be called again from inside it.
    package func withLock<R, E: Error>(_ body: (inout Value) throws(E) -> R) throws(E) -> R {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
