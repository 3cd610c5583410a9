// How a libuv handle ends: uv_close on its loop, its memory freed when libuv says that it is done with it.

import CLibuv

/// Closes `handle` and frees it once libuv has let go. Any thread: off-loop it is posted; on a loop that has ended the handle
/// is closed already, and its memory is left.
func closeHandle<Handle>(_ handle: UnsafeMutablePointer<Handle>, on loop: EventLoop) {
    // SAFETY: the pointer is handed over; the caller has cleared `data` and never touches it again.
    nonisolated(unsafe) let base = UnsafeMutableRawPointer(handle)
    let close = { @Sendable in
        let handle = unsafe base.assumingMemoryBound(to: uv_handle_t.self)
        guard unsafe uv_is_closing(handle) == 0 else { return }
        unsafe uv_close(handle, freeHandle)
    }
    if loop.isOnLoop {
        close()
    } else {
        loop.post(close)
    }
}

private func freeHandle(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
    if let handle = unsafe handle { unsafe UnsafeMutableRawPointer(handle).deallocate() }
}
