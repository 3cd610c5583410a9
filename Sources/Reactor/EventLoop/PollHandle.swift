// Readiness of a file descriptor that a C library owns, such as libpq's socket. Loop-bound.

import CLibuv

/// One uv_poll.
@safe
public final class PollHandle {
    /// What to wait for, and what has come.
    public struct Events: OptionSet, Sendable {
        public let rawValue: Int32

        public init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        public static let readable = Events(rawValue: Int32(UV_READABLE.rawValue))
        public static let writable = Events(rawValue: Int32(UV_WRITABLE.rawValue))
        /// The peer has shut its side down.
        public static let disconnect = Events(rawValue: Int32(UV_DISCONNECT.rawValue))
    }

    private let loop: EventLoop
    private var handle: UnsafeMutablePointer<uv_poll_t>?
    private var body: ((Events, Int32) -> Void)?
    private var events: Events = []

    /// - Parameter fileDescriptor: a socket; it is made nonblocking, and stays its owner's to close, after ``close()``.
    public init(loop: EventLoop, fileDescriptor: Int32) throws(TransportError) {
        loop.checkIsolated()
        self.loop = loop
        let handle = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
        let code = unsafe uv_poll_init(loop.handles.loop, handle, fileDescriptor)
        guard code == 0 else {
            unsafe handle.deallocate()
            throw TransportError(code: code, operation: "uv_poll_init")
        }
        unsafe self.handle = handle
        // SAFETY: unretained; `close` clears it before the handle is closed.
        unsafe handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        close()
    }

    /// Calls `body` on the loop's thread whenever one of `events` holds (level-triggered), with errno's value where polling
    /// itself failed. Replaces what was waited for; asking for the same events again costs nothing.
    public func start(_ events: Events, _ body: @escaping (Events, Int32) -> Void) {
        self.body = body
        guard let handle = unsafe handle, events != self.events else { return }
        self.events = events
        unsafe uv_poll_start(handle, events.rawValue, onPoll)
    }

    public func stop() {
        body = nil
        events = []
        if let handle = unsafe handle { unsafe uv_poll_stop(handle) }
    }

    /// Forgets the descriptor; after this its owner may close it. Idempotent.
    public func close() {
        guard let handle = unsafe handle else { return }
        body = nil
        unsafe self.handle = nil
        unsafe handle.pointee.data = nil
        if loop.isOnLoop { unsafe uv_poll_stop(handle) }
        unsafe closeHandle(handle, on: loop)
    }

    fileprivate func ready(_ events: Events, _ code: Int32) {
        body?(events, code < 0 ? -code : 0)
    }
}

private func onPoll(_ handle: UnsafeMutablePointer<uv_poll_t>?, _ status: Int32, _ events: Int32) {
    guard let handle = unsafe handle, let data = unsafe handle.pointee.data else { return }
    // SAFETY: `data` is the PollHandle until it closes.
    let poll = unsafe Unmanaged<PollHandle>.fromOpaque(data).takeUnretainedValue()
    poll.ready(PollHandle.Events(rawValue: events), status)
}
