// A timer finer than a loop's milliseconds, on a descriptor of its own. Loop-bound: made, started and stopped on its loop's thread.

import CLibuv
import Glibc

/// One timerfd, polled by the loop. For a load generator, whose arrivals are microseconds apart; anything that can bear a
/// millisecond is better off with a ``LoopTimer``, which costs no descriptor and no system call.
@safe
public final class PreciseTimer {
    private let descriptor: Int32
    private let poll: PollHandle
    private var body: (() -> Void)?

    /// On-loop.
    public init(loop: EventLoop) throws(TransportError) {
        let descriptor = reactor_timer_create()
        guard descriptor >= 0 else { throw TransportError(code: -errno, operation: "timerfd_create") }
        do throws(TransportError) {
            poll = try PollHandle(loop: loop, fileDescriptor: descriptor)
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit {
        poll.close()
        _ = Glibc.close(descriptor)
    }

    /// Calls `body` on the loop's thread at `moment`, or at once where that is over: never early, and late by what it takes to wake
    /// the thread. Replaces what was scheduled. The timer keeps `body` until it fires or stops.
    public func start(at moment: MonotonicInstant, _ body: @escaping () -> Void) {
        self.body = body
        // Zero would disarm it (man 2 timerfd_settime).
        set(max(1, moment.nanoseconds))
        poll.start(.readable) { [unowned self] _, _ in fire() }
    }

    /// After this the body is not called. Idempotent.
    public func stop() {
        body = nil
        set(0)
    }

    private func set(_ nanoseconds: Int64) {
        _ = reactor_timer_set(descriptor, Int(nanoseconds))
    }

    private func fire() {
        // Reading is what makes it unreadable again; EAGAIN where it was set anew since the poll.
        var expirations: UInt64 = 0
        guard unsafe read(descriptor, &expirations, 8) == 8 else { return }
        let body = self.body
        self.body = nil
        body?()
    }
}
