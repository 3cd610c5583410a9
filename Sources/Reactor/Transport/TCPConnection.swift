// One stream socket, TCP or UNIX, accepted or connected. Loop-bound: everything here happens on its loop's thread.
//
// Reads are pushed to the delegate out of the loop's own buffer while reading is on. Writes are gathered in `outbound` and go
// out once a tick: `uv_try_write` first, which is one system call and no allocation, and only what the kernel did not take
// is copied aside for libuv to write when the socket drains.
//
// With TLS (TCPConnection+TLS.swift) `outbound` holds plaintext, which is encrypted as it leaves; without it the one thing that
// remains of TLS is a look whether there is a session, once a read and once a flush.

import CLibuv
import Glibc

/// What a connection's owner is told, always on the loop's thread.
public protocol TCPConnectionDelegate: AnyObject {
    /// Bytes came. They are valid only during the call.
    func received(_ bytes: RawSpan)
    /// The peer has finished sending; it may still read.
    func receivedEOF()
    /// The socket is gone, by an error or because we closed it. The last call, exactly once.
    func closed(_ error: TransportError?)
    /// What is unsent fell below the low-water mark after it had been above the high one.
    func outboundDrained()
    /// The peer of a connection with TLS has sent HTTP without it. Whoever answers that, in clear, returns true; else the connection
    /// is closed.
    func receivedPlaintextHTTP() -> Bool
}

extension TCPConnectionDelegate {
    public func receivedPlaintextHTTP() -> Bool { false }
}

/// A connected stream socket on a loop.
@safe
public final class TCPConnection: TickFlushable {
    /// Above this many unsent bytes a producer should wait (RELIABILITY: 256 KiB); below a quarter of it, go on.
    public static let highWaterMark = 262_144
    static let lowWaterMark = 65_536

    public let loop: EventLoop
    /// Kept until ``TCPConnectionDelegate/closed(_:)`` has been delivered: whoever drops a connection must close it.
    public var delegate: (any TCPConnectionDelegate)?
    public internal(set) var remoteAddress: SocketAddress

    let stream: UnsafeMutablePointer<uv_stream_t>
    /// Nil on a connection in clear.
    var tls: TLSSession?
    var buffer = ByteBuffer()
    private(set) var bytesInKernelQueue = 0
    private var isFlushScheduled = false
    private var isAboveHighWater = false
    private(set) var closing = Closing.no
    private var closeError: TransportError?
    public private(set) var isReading = false
    /// When bytes last left for the peer, or when the first unsent byte was gathered: a stall is counted from here.
    public private(set) var lastWriteProgress: MonotonicInstant

    enum Closing {
        case no
        /// Close once everything is sent.
        case afterFlush
        /// Send everything, then FIN, and go on reading.
        case finishAfterFlush, finished
        case closed
    }

    /// Takes over an initialised libuv handle. The handle keeps the connection alive until it is closed.
    init(stream: UnsafeMutablePointer<uv_stream_t>, loop: EventLoop, remoteAddress: SocketAddress) {
        unsafe self.stream = stream
        self.loop = loop
        self.remoteAddress = remoteAddress
        lastWriteProgress = loop.now
        // SAFETY: balanced in `onClosed`, the last callback of the handle.
        unsafe stream.pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    /// True until ``abort()`` or an error.
    public var isOpen: Bool { closing != .closed }

    // MARK: Writing

    /// Bytes to send at the end of this tick. Append, then ``scheduleFlush()``.
    public var outbound: ByteBuffer {
        _read { yield buffer }
        _modify {
            if buffer.capacity == 0 { buffer = loop.buffers.take() }
            yield &buffer
        }
    }

    /// Bytes gathered or handed to libuv that the kernel has not taken yet.
    public var bytesUnsent: Int { buffer.count + bytesInKernelQueue }

    /// Sends ``outbound`` before the loop polls again. Costs nothing when it is scheduled already.
    public func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        if bytesInKernelQueue == 0 { lastWriteProgress = loop.now }
        loop.onTickEnd(self)
    }

    public func flushTick() {
        isFlushScheduled = false
        if let tls, tls.isEndWaiting, isReading { end(tls) }
        flush()
    }

    private func flush() {
        guard closing != .closed else { return }
        // Noted before the write: whoever saw this much unsent may be waiting, also when the kernel takes all of it now.
        if bytesUnsent > TCPConnection.highWaterMark { isAboveHighWater = true }
        if let tls {
            flushEncrypted(tls)
        } else if !buffer.isEmpty, bytesInKernelQueue == 0 {
            write(&buffer)
        }
        guard closing != .closed else { return }
        if buffer.isEmpty { loop.buffers.reclaim(&buffer) }
        if bytesUnsent == 0 { finishIfAsked() }
        if isAboveHighWater, bytesUnsent <= TCPConnection.lowWaterMark {
            isAboveHighWater = false
            delegate?.outboundDrained()
        }
    }

    /// Writes what the kernel takes and hands libuv the rest.
    func write(_ bytes: inout ByteBuffer) {
        let result = tryWrite(bytes)
        if result > 0 {
            bytes.consume(Int(result))
            lastWriteProgress = loop.now
        } else if result != Int32(UV_EAGAIN.rawValue) {
            return close(TransportError(code: result, operation: "write"))
        }
        if !bytes.isEmpty { queueRemainder(&bytes) }
    }

    /// What the kernel took, or a negative error number.
    func tryWrite(_ bytes: borrowing ByteBuffer) -> Int32 {
        unsafe bytes.withUnsafeBytes { bytes in
            // SAFETY: libuv reads the bytes during the call and does not write to them.
            var vector = unsafe uv_buf_init(
                UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: CChar.self), UInt32(clamping: bytes.count))
            return unsafe uv_try_write(stream, &vector, 1)
        }
    }

    /// The kernel is full: hand libuv a copy that lives until it is written.
    private func queueRemainder(_ bytes: inout ByteBuffer) {
        let request = UnsafeMutablePointer<uv_write_t>.allocate(capacity: 1)
        let count = bytes.count
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        unsafe bytes.withUnsafeBytes { unsafe copy.copyMemory(from: $0) }
        bytes.removeAll(keepingCapacity: true)
        bytesInKernelQueue = count
        // SAFETY: `onWritten` frees both; libuv calls it exactly once, also when the handle is closed first.
        unsafe request.pointee.data = copy.baseAddress
        var vector = unsafe uv_buf_init(copy.baseAddress?.assumingMemoryBound(to: CChar.self), UInt32(clamping: count))
        let code = unsafe uv_write(request, stream, &vector, 1, onWritten)
        guard code < 0 else { return }
        unsafe copy.deallocate()
        unsafe request.deallocate()
        bytesInKernelQueue = 0
        close(TransportError(code: code, operation: "write"))
    }

    /// Sees what libuv has written of a long remainder: it tells only when all of it is gone. Called now and then, by whoever
    /// looks at ``lastWriteProgress``.
    func noteWriteProgress() {
        guard bytesInKernelQueue > 0, closing != .closed else { return }
        let left = unsafe uv_stream_get_write_queue_size(stream)
        guard left > 0, left < bytesInKernelQueue else { return }
        bytesInKernelQueue = left
        lastWriteProgress = loop.now
    }

    fileprivate func written(_ status: Int32) {
        bytesInKernelQueue = 0
        guard closing != .closed else { return }
        guard status == 0 else { return close(TransportError(code: status, operation: "write")) }
        lastWriteProgress = loop.now
        flush()
    }

    // MARK: Reading

    /// Begins, or goes on, to push bytes to the delegate.
    public func startReading() {
        guard !isReading, closing != .closed else { return }
        isReading = true
        // Told at the end of the tick, like everything else from outside of the owner's calls.
        if let tls, tls.isEndWaiting { return scheduleFlush() }
        let code = unsafe uv_read_start(stream, onAllocate, onRead)
        if code < 0 { close(TransportError(code: code, operation: "read")) }
    }

    /// Leaves further bytes in the kernel, which slows the peer down.
    public func stopReading() {
        guard isReading else { return }
        isReading = false
        unsafe uv_read_stop(stream)
    }

    fileprivate func didRead(_ count: Int, _ bytes: UnsafePointer<uv_buf_t>?) {
        if count > 0, let base = unsafe bytes?.pointee.base {
            // SAFETY: libuv filled `count` bytes of the loop's read buffer; the span ends with this call.
            let span = unsafe RawSpan(_unsafeStart: base, byteCount: count)
            if let tls { return receivedEncrypted(span, tls) }
            delegate?.received(span)
        } else if count == Int(UV_EOF.rawValue) {
            stopReading()
            if let tls { return receivedEOF(tls) }
            delegate?.receivedEOF()
        } else if count < 0 {
            close(TransportError(code: Int32(clamping: count), operation: "read"))
        }
    }

    // MARK: Closing

    /// Closes once what is gathered has been sent.
    public func closeAfterFlush() {
        guard closing != .closed else { return }
        closing = .afterFlush
        scheduleFlush()
    }

    /// Sends what is gathered, then FIN. Reading goes on, so that bytes the peer had on their way do not turn our answer
    /// into a reset; the owner closes when it has had enough.
    public func finishAfterFlush() {
        guard closing == .no else { return }
        closing = .finishAfterFlush
        scheduleFlush()
    }

    /// Whether the peer has closed or reset the connection, after our own FIN. It costs a system call, and is for a connection that
    /// is not read: one that is read hears of it. A FIN for which the kernel has no room, because it holds more than it may of
    /// what is not read, is not seen.
    var hasPeerClosed: Bool {
        guard let descriptor else { return true }
        var watched = pollfd(fd: descriptor, events: 0, revents: 0)
        // POLLHUP: both directions are shut down; POLLERR: a reset (poll(2)).
        return unsafe poll(&watched, 1, 0) == 1 && watched.revents & Int16(POLLHUP | POLLERR) != 0
    }

    /// Closes now; what is unsent is lost. Idempotent.
    public func abort() {
        if let tls { sayGoodbye(tls) }
        close(nil)
    }

    /// Closes now and tells the peer that the stream is broken: what was sent so far is not all of it. Idempotent.
    public func reset() {
        guard closing != .closed else { return }
        if let descriptor {
            // With a linger time of zero close(2) sends RST and drops what the kernel still holds.
            var option = linger(l_onoff: 1, l_linger: 0)
            _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
        close(nil)
    }

    /// The socket; nil once it is closed.
    private var descriptor: Int32? {
        var descriptor = uv_os_fd_t()
        let handle = unsafe UnsafeMutableRawPointer(stream).assumingMemoryBound(to: uv_handle_t.self)
        return unsafe uv_fileno(handle, &descriptor) == 0 ? descriptor : nil
    }

    private func finishIfAsked() {
        switch closing {
        case .afterFlush:
            close(nil)
        case .finishAfterFlush:
            closing = .finished
            // A plain shutdown(2): nothing is queued in libuv at this point, so its own request would only add an allocation.
            if let descriptor { _ = shutdown(descriptor, Int32(SHUT_WR)) }
        case .no, .finished, .closed:
            break
        }
    }

    func close(_ error: TransportError?) {
        guard closing != .closed else { return }
        closing = .closed
        closeError = error
        isReading = false
        let handle = unsafe UnsafeMutableRawPointer(stream).assumingMemoryBound(to: uv_handle_t.self)
        // The loop, at its own end, may have closed it before us.
        if unsafe uv_is_closing(handle) == 0 { unsafe uv_close(handle, onClosed) }
    }

    /// Delivered by libuv after the tick, never from inside another call: the delegate need not expect re-entry.
    fileprivate func didClose() {
        loop.buffers.reclaim(&buffer)
        let delegate = self.delegate
        self.delegate = nil
        delegate?.closed(closeError)
    }
}

// MARK: - C callbacks

private func connection(of stream: UnsafeMutablePointer<uv_stream_t>) -> TCPConnection {
    // SAFETY: retained by the handle from `init` to `onClosed`.
    unsafe Unmanaged<TCPConnection>.fromOpaque(stream.pointee.data).takeUnretainedValue()
}

private func onAllocate(_ handle: UnsafeMutablePointer<uv_handle_t>?, _ suggested: Int, _ buffer: UnsafeMutablePointer<uv_buf_t>?) {
    guard let handle = unsafe handle, let buffer = unsafe buffer else { return }
    // SAFETY: the loop's data is its EventLoop; the read buffer lives as long as the loop, and one read is delivered at a time.
    let loop = unsafe Unmanaged<EventLoop>.fromOpaque(handle.pointee.loop.pointee.data).takeUnretainedValue()
    let target = unsafe loop.buffers.readBuffer
    unsafe buffer.pointee = uv_buf_init(target.baseAddress?.assumingMemoryBound(to: CChar.self), UInt32(target.count))
}

private func onRead(_ stream: UnsafeMutablePointer<uv_stream_t>?, _ count: Int, _ buffer: UnsafePointer<uv_buf_t>?) {
    guard let stream = unsafe stream, count != 0 else { return }
    unsafe connection(of: stream).didRead(count, buffer)
}

private func onWritten(_ request: UnsafeMutablePointer<uv_write_t>?, _ status: Int32) {
    guard let request = unsafe request, let stream = unsafe request.pointee.handle else { return }
    let connection = unsafe connection(of: stream)
    unsafe request.pointee.data?.deallocate()
    unsafe request.deallocate()
    connection.written(status)
}

private func onClosed(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
    guard let handle = unsafe handle, let data = unsafe handle.pointee.data else { return }
    // SAFETY: balances the retain in `init`; libuv is done with the handle.
    let connection = unsafe Unmanaged<TCPConnection>.fromOpaque(data).takeRetainedValue()
    unsafe UnsafeMutableRawPointer(handle).deallocate()
    connection.didClose()
}
