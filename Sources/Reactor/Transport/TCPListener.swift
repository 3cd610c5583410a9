// A listening socket of one loop. Several loops listen on one address each with a socket of its own (SO_REUSEPORT), and the
// kernel spreads connections over them; a UNIX socket has one queue, which every loop accepts from. Loop-bound.

import CLibuv
import Glibc

/// Accepts connections on a loop.
@safe
public final class TCPListener {
    /// What the kernel keeps ready between two polls; capped by net.core.somaxconn.
    static let backlog: Int32 = 4_096

    /// What is listened on, so that it can be done again.
    private enum Endpoint {
        case ip(SocketAddress)
        case unix(UnixSocket)
    }

    private let loop: EventLoop
    private let endpoint: Endpoint
    private var stream: UnsafeMutablePointer<uv_stream_t>?
    private var onConnection: ((TCPConnection) -> Void)?
    /// Runs while the listener is paused for want of descriptors.
    private var pauseTimer: LoopTimer?
    /// Where it listens, with the port that the kernel chose if 0 was asked for.
    public let address: SocketAddress

    /// Listens on an IP address, with SO_REUSEPORT. On-loop.
    /// - Throws: ``TransportError``, such as `EADDRINUSE` when a process of another user, or without SO_REUSEPORT, is there.
    public init(
        _ address: SocketAddress, loop: EventLoop, _ onConnection: @escaping (TCPConnection) -> Void
    ) throws(TransportError) {
        loop.checkIsolated()
        self.loop = loop
        self.onConnection = onConnection
        let (stream, bound) = try unsafe TCPListener.open(address, loop)
        unsafe self.stream = stream
        self.address = bound
        endpoint = .ip(bound)
        unsafe stream.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    /// Listens on a UNIX socket that is bound already, through a descriptor of this loop's own.
    init(_ socket: UnixSocket, loop: EventLoop, _ onConnection: @escaping (TCPConnection) -> Void) throws(TransportError) {
        loop.checkIsolated()
        self.loop = loop
        self.onConnection = onConnection
        address = .unix(path: socket.path)
        endpoint = .unix(socket)
        let stream = try unsafe TCPListener.open(socket, loop)
        unsafe self.stream = stream
        unsafe stream.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        closeStream()
    }

    /// Stops accepting; connections that exist are not touched. Idempotent.
    public func close() {
        onConnection = nil
        pauseTimer = nil
        closeStream()
    }

    private func closeStream() {
        guard let stream = unsafe stream else { return }
        unsafe self.stream = nil
        unsafe stream.pointee.data = nil
        unsafe closeHandle(stream, on: loop)
    }

    // MARK: Sockets

    private static func open(
        _ address: SocketAddress, _ loop: EventLoop
    ) throws(TransportError) -> (UnsafeMutablePointer<uv_stream_t>, SocketAddress) {
        guard var storage = address.storage() else {
            throw TransportError(code: Int32(UV_EINVAL.rawValue), operation: "listen on \(address)")
        }
        let handle = UnsafeMutableRawPointer.allocate(byteCount: uv_handle_size(UV_TCP), alignment: 16)
        let tcp = unsafe handle.bindMemory(to: uv_tcp_t.self, capacity: 1)
        let stream = unsafe handle.assumingMemoryBound(to: uv_stream_t.self)
        var code = unsafe uv_tcp_init_ex(loop.handles.loop, tcp, UInt32(storage.ss_family))
        if code == 0 { code = unsafe TCPListener.shareport(stream) }
        if code == 0 {
            code = unsafe withUnsafeBytes(of: &storage) { bytes in
                unsafe uv_tcp_bind(tcp, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), 0)
            }
        }
        if code == 0 { code = unsafe uv_listen(stream, TCPListener.backlog, onIncoming) }
        var bound = sockaddr_storage()
        var length = Int32(MemoryLayout<sockaddr_storage>.size)
        if code == 0 {
            code = unsafe withUnsafeMutableBytes(of: &bound) { bytes in
                unsafe uv_tcp_getsockname(tcp, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
            }
        }
        guard code == 0 else {
            unsafe stream.pointee.data = nil
            unsafe closeHandle(stream, on: loop)
            throw TransportError(code: code, operation: "listen on \(address)")
        }
        return unsafe (stream, SocketAddress(bound) ?? address)
    }

    private static func open(_ socket: UnixSocket, _ loop: EventLoop) throws(TransportError) -> UnsafeMutablePointer<uv_stream_t> {
        let descriptor = try socket.duplicate()
        let handle = UnsafeMutableRawPointer.allocate(byteCount: uv_handle_size(UV_NAMED_PIPE), alignment: 16)
        let pipe = unsafe handle.bindMemory(to: uv_pipe_t.self, capacity: 1)
        let stream = unsafe handle.assumingMemoryBound(to: uv_stream_t.self)
        unsafe uv_pipe_init(loop.handles.loop, pipe, 0)
        var code = unsafe uv_pipe_open(pipe, descriptor)
        if code == 0 { code = unsafe uv_listen(stream, TCPListener.backlog, onIncoming) }
        guard code == 0 else {
            unsafe stream.pointee.data = nil
            unsafe closeHandle(stream, on: loop)
            throw TransportError(code: code, operation: "listen on \(socket.path)")
        }
        return unsafe stream
    }

    private static func shareport(_ stream: UnsafeMutablePointer<uv_stream_t>) -> Int32 {
        var descriptor = uv_os_fd_t()
        let code = unsafe uv_fileno(UnsafeMutableRawPointer(stream).assumingMemoryBound(to: uv_handle_t.self), &descriptor)
        guard code == 0 else { return code }
        var on: Int32 = 1
        guard unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, socklen_t(MemoryLayout<Int32>.size)) == 0 else { return -errno }
        return 0
    }

    fileprivate func incoming(_ status: Int32) {
        guard status == 0 else { return acceptFailed() }
        guard let onConnection, let stream = unsafe stream else { return }
        var isTCP = true
        if case .unix = address { isTCP = false }
        let size = uv_handle_size(isTCP ? UV_TCP : UV_NAMED_PIPE)
        let handle = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        let client = unsafe handle.bindMemory(to: uv_stream_t.self, capacity: 1)
        if isTCP {
            unsafe uv_tcp_init(loop.handles.loop, handle.assumingMemoryBound(to: uv_tcp_t.self))
        } else {
            unsafe uv_pipe_init(loop.handles.loop, handle.assumingMemoryBound(to: uv_pipe_t.self), 0)
        }
        guard unsafe uv_accept(stream, client) == 0 else {
            unsafe closeHandle(client, on: loop)
            return
        }
        var peer = address
        if isTCP {
            let tcp = unsafe handle.assumingMemoryBound(to: uv_tcp_t.self)
            // Answers are gathered by us; Nagle would only hold the last one back.
            unsafe uv_tcp_nodelay(tcp, 1)
            peer = unsafe TCPListener.peer(of: tcp) ?? address
        }
        onConnection(unsafe TCPConnection(stream: client, loop: loop, remoteAddress: peer))
    }

    /// No descriptors, as a rule. libuv drops the waiting connections with a descriptor that it keeps for this, and all is well.
    /// Where another thread has snatched that one, libuv would go on trying without end, and nothing else on the loop would run:
    /// the only way out is to close the socket. It is opened again in a moment, when others may have closed theirs.
    private func acceptFailed() {
        guard unsafe loop.handles.loop.pointee.emfile_fd == -1 else { return }
        closeStream()
        reopenLater()
    }

    private func reopenLater() {
        let timer = LoopTimer(loop: loop)
        pauseTimer = timer
        timer.start(after: .milliseconds(100)) { [unowned self] in reopen() }
    }

    private func reopen() {
        pauseTimer = nil
        guard onConnection != nil else { return }
        do {
            switch endpoint {
            case .ip(let address): unsafe stream = try TCPListener.open(address, loop).0
            case .unix(let socket): unsafe stream = try TCPListener.open(socket, loop)
            }
            unsafe stream?.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        } catch {
            reopenLater()
        }
    }

    private static func peer(of tcp: UnsafeMutablePointer<uv_tcp_t>) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = Int32(MemoryLayout<sockaddr_storage>.size)
        let code = unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            unsafe uv_tcp_getpeername(tcp, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
        }
        return code == 0 ? SocketAddress(storage) : nil
    }
}

private func onIncoming(_ stream: UnsafeMutablePointer<uv_stream_t>?, _ status: Int32) {
    guard let stream = unsafe stream, let data = unsafe stream.pointee.data else { return }
    // SAFETY: `data` is the listener until it closes.
    unsafe Unmanaged<TCPListener>.fromOpaque(data).takeUnretainedValue().incoming(status)
}
