// A timer on a loop. Loop-bound: made, started and stopped on its loop's thread.

import CLibuv

/// One uv_timer. Millisecond resolution; never fires early; fires late by as much as the loop is busy.
@safe
public final class LoopTimer {
    private let loop: EventLoop
    private let handle: UnsafeMutablePointer<uv_timer_t>
    private var body: (() -> Void)?

    /// On-loop.
    public init(loop: EventLoop) {
        loop.checkIsolated()
        self.loop = loop
        unsafe handle = .allocate(capacity: 1)
        unsafe uv_timer_init(loop.handles.loop, handle)
        // SAFETY: unretained; `deinit` clears it before the handle is closed.
        unsafe handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        unsafe handle.pointee.data = nil
        unsafe closeHandle(handle, on: loop)
    }

    public var isActive: Bool { body != nil }

    /// Calls `body` on the loop's thread once `delay` is over, and then every `period`, if there is one. Replaces what was
    /// scheduled. The timer keeps `body` until it fires or stops.
    public func start(after delay: Duration, repeating period: Duration? = nil, _ body: @escaping () -> Void) {
        self.body = body
        unsafe uv_timer_start(handle, onTimer, delay.ceilingMilliseconds, period.map { max(1, $0.ceilingMilliseconds) } ?? 0)
    }

    /// After this the body is not called. Idempotent.
    public func stop() {
        body = nil
        unsafe uv_timer_stop(handle)
    }

    fileprivate func fire() {
        let body = self.body
        if unsafe uv_timer_get_repeat(handle) == 0 { self.body = nil }
        body?()
    }
}

private func onTimer(_ handle: UnsafeMutablePointer<uv_timer_t>?) {
    guard let handle = unsafe handle, let data = unsafe handle.pointee.data else { return }
    // SAFETY: `data` is the timer for as long as it lives.
    unsafe Unmanaged<LoopTimer>.fromOpaque(data).takeUnretainedValue().fire()
}

extension EventLoop {
    /// Suspends for at least `duration`, and resumes on this loop (`Task.sleep` would wake up on a thread of the global pool).
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    public func sleep(for duration: Duration) async throws(CancellationError) {
        do {
            try await isolation.sleep(for: duration)
        } catch {
            throw CancellationError()
        }
    }
}

extension LoopActor {
    fileprivate func sleep(for duration: Duration) async throws {
        let promise = LoopPromise<Void>(loop: loop)
        let timer = LoopTimer(loop: loop)
        timer.start(after: duration) { promise.succeed(()) }
        defer { timer.stop() }
        try await promise.wait()
    }
}
