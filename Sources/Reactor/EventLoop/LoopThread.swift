// A joinable thread for a loop. Foundation's Thread cannot be joined, and a scoped start needs a join.

import CLibuv
import Glibc

/// A running thread that is joined exactly once.
struct LoopThread: Sendable {
    /// An opaque id, valid until the join.
    private let id: pthread_t

    private final class Start: Sendable {
        let prepare: @Sendable (pthread_t) -> Void
        let body: @Sendable () -> Void
        let name: String

        init(name: String, prepare: @escaping @Sendable (pthread_t) -> Void, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.prepare = prepare
            self.body = body
        }
    }

    private init(id: pthread_t) {
        self.id = id
    }

    /// Starts a thread. `prepare` gets the thread's id before this returns and before `body` runs.
    static func start(
        name: String, prepare: @escaping @Sendable (pthread_t) -> Void, body: @escaping @Sendable () -> Void
    ) -> LoopThread {
        let isPrepared = StartSemaphore()
        let start = Start(
            name: name,
            prepare: { id in
                prepare(id)
                isPrepared.signal()
            }, body: body)
        var id = pthread_t()
        // Signals belong to the main thread and to uv_signal's own pipe: a loop's thread takes none.
        let context = unsafe Unmanaged.passRetained(start)
        let code = unsafe pthread_create(&id, nil, runThread, context.toOpaque())
        precondition(code == 0, "pthread_create failed with errno \(code)")
        isPrepared.wait()
        return LoopThread(id: id)
    }

    /// Blocks until the thread has ended.
    func join() {
        pthread_join(id, nil)
    }

    fileprivate static func run(_ context: UnsafeMutableRawPointer) {
        // SAFETY: balances the `passRetained` in `start`.
        let start = unsafe Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
        unsafe reactor_set_thread_name(start.name)
        start.prepare(pthread_self())
        start.body()
    }
}

private func runThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context = unsafe context { unsafe LoopThread.run(context) }
    return nil
}

/// A one-shot semaphore on a POSIX semaphore: the start of a thread is the one place where blocking is the point.
// SAFETY: sem_t is made for use from several threads; its memory is stable for the object's life.
@safe
private final class StartSemaphore: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    func signal() {
        unsafe sem_post(semaphore)
    }

    func wait() {
        while unsafe sem_wait(semaphore) != 0 {}
    }
}
