// The libuv side of a loop: the uv_loop_t and the four handles that tie libuv's phases to the executor. Owned by its EventLoop;
// on-loop but for `wakeUp`.
//
// A turn of libuv is: timers, idle, prepare, poll, check, closing. Prepare runs what timers made ready and flushes; check runs
// what the poll made ready; idle is armed only while jobs are left over, and makes the poll return at once.

import CLibuv

/// The uv_loop_t of one EventLoop.
@safe
final class LoopHandles {
    let loop: UnsafeMutablePointer<uv_loop_t>
    private let async: UnsafeMutablePointer<uv_async_t>
    private let prepare: UnsafeMutablePointer<uv_prepare_t>
    private let check: UnsafeMutablePointer<uv_check_t>
    private let idle: UnsafeMutablePointer<uv_idle_t>
    private var isPollingWithoutBlocking = false

    init() throws(TransportError) {
        unsafe loop = .allocate(capacity: 1)
        unsafe async = .allocate(capacity: 1)
        unsafe prepare = .allocate(capacity: 1)
        unsafe check = .allocate(capacity: 1)
        unsafe idle = .allocate(capacity: 1)
        try unsafe TransportError.check(uv_loop_init(loop), "uv_loop_init")
        try unsafe TransportError.check(uv_async_init(loop, async, onWakeUp), "uv_async_init")
        unsafe uv_prepare_init(loop, prepare)
        unsafe uv_check_init(loop, check)
        unsafe uv_idle_init(loop, idle)
    }

    /// Ties the handles to `eventLoop`, which owns this object and so outlives every callback.
    func attach(_ eventLoop: EventLoop) {
        // SAFETY: unretained; the loop's thread holds the EventLoop until the callbacks are over.
        unsafe loop.pointee.data = Unmanaged.passUnretained(eventLoop).toOpaque()
        unsafe uv_prepare_start(prepare, onPrepare)
        unsafe uv_check_start(check, onCheck)
    }

    /// libuv's cached clock, in milliseconds of the monotonic clock.
    var milliseconds: UInt64 { unsafe uv_now(loop) }

    /// Makes the poll return. Any thread: `uv_async_send` is the one libuv call that allows it.
    func wakeUp() {
        unsafe uv_async_send(async)
    }

    func run() {
        unsafe uv_run(loop, UV_RUN_DEFAULT)
    }

    func stop() {
        unsafe uv_stop(loop)
    }

    fileprivate func setPollsWithoutBlocking(_ flag: Bool) {
        guard flag != isPollingWithoutBlocking else { return }
        isPollingWithoutBlocking = flag
        if flag {
            unsafe uv_idle_start(idle, onIdle)
        } else {
            unsafe uv_idle_stop(idle)
        }
    }

    /// Closes what is still open and ends the loop. Handles that their owners left open are closed too, and their memory is
    /// left to those owners.
    func closeAll() {
        unsafe uv_walk(loop, closeIfOpen, nil)
        unsafe uv_run(loop, UV_RUN_DEFAULT)
        guard unsafe uv_loop_close(loop) == 0 else { return }
        unsafe async.deallocate()
        unsafe prepare.deallocate()
        unsafe check.deallocate()
        unsafe idle.deallocate()
        unsafe loop.deallocate()
    }
}

// C callbacks stand at file scope: a closure formed inside an isolated method traps when libuv calls it.

private func eventLoop(of loop: UnsafeMutablePointer<uv_loop_t>) -> EventLoop {
    // SAFETY: set by `attach` before the loop first ran.
    unsafe Unmanaged<EventLoop>.fromOpaque(loop.pointee.data).takeUnretainedValue()
}

private func onWakeUp(_ handle: UnsafeMutablePointer<uv_async_t>?) {
    guard let handle = unsafe handle else { return }
    unsafe eventLoop(of: handle.pointee.loop).takeInbox()
}

private func onPrepare(_ handle: UnsafeMutablePointer<uv_prepare_t>?) {
    guard let handle = unsafe handle else { return }
    let loop = unsafe eventLoop(of: handle.pointee.loop)
    loop.handles.setPollsWithoutBlocking(loop.beforePoll())
}

private func onCheck(_ handle: UnsafeMutablePointer<uv_check_t>?) {
    guard let handle = unsafe handle else { return }
    unsafe eventLoop(of: handle.pointee.loop).afterPoll()
}

/// Armed only so that libuv polls without blocking.
private func onIdle(_ handle: UnsafeMutablePointer<uv_idle_t>?) {}

private func closeIfOpen(_ handle: UnsafeMutablePointer<uv_handle_t>?, _ context: UnsafeMutableRawPointer?) {
    guard let handle = unsafe handle, unsafe uv_is_closing(handle) == 0 else { return }
    unsafe uv_close(handle, nil)
}
