// UNIX signals as values on a loop. Loop-bound.

import CLibuv

/// Delivers signals to a closure on the loop's thread, for as long as the object lives.
@safe
public final class SignalSource {
    private let loop: EventLoop
    private let handle: UnsafeMutablePointer<uv_signal_t>
    private let body: (Int32) -> Void

    /// - Parameters:
    ///   - number: such as `SIGTERM`; its default action is suspended while the source lives.
    ///   - body: called on the loop's thread for each delivery; deliveries of one tick may be merged.
    public init(_ number: Int32, loop: EventLoop, _ body: @escaping (Int32) -> Void) throws(TransportError) {
        loop.checkIsolated()
        self.loop = loop
        self.body = body
        unsafe handle = .allocate(capacity: 1)
        unsafe uv_signal_init(loop.handles.loop, handle)
        // SAFETY: unretained; `deinit` clears it before the handle is closed.
        unsafe handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        try unsafe TransportError.check(uv_signal_start(handle, onSignal, number), "uv_signal_start")
    }

    deinit {
        unsafe handle.pointee.data = nil
        unsafe closeHandle(handle, on: loop)
    }

    fileprivate func received(_ number: Int32) {
        body(number)
    }
}

private func onSignal(_ handle: UnsafeMutablePointer<uv_signal_t>?, _ number: Int32) {
    guard let handle = unsafe handle, let data = unsafe handle.pointee.data else { return }
    // SAFETY: `data` is the source for as long as it lives.
    unsafe Unmanaged<SignalSource>.fromOpaque(data).takeUnretainedValue().received(number)
}
