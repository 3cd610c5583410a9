// A listening socket of one loop. Several loops listen on one address each with a socket of its own (SO_REUSEPORT), and the
// kernel spreads connections over them; a UNIX socket has one queue, which every loop accepts from. Loop-bound.

import CLibuv
import Glibc

/// Accepts connections on a loop.
@safe
public final class TCPListener {
    /// What the kernel keeps ready between two polls; capped by net.core.somaxconn.
    static let backlog: Int32 = 4_096

    private let loop: EventLoop
    private let stream: UnsafeMutablePointer<uv_stream_t>
    private var onConnection: ((TCPConnection) -> Void)?
    /// Where it listens, with the port that the kernel chose if 0 was asked for.
    public let address: SocketAddress

    /// Listens on an IP address, with SO_REUSEPORT. On-loop.
    /// - Throws: ``TransportError``, such as `EADDRINUSE` when a process of another user, or without SO_REUSEPORT, is there.
    public init(
        _ address: SocketAddress, loop: EventLoop, _ onConnection: @escaping (TCPConnection) -> Void
    ) throws(TransportError) {
        loop.checkIsolated()
        guard var storage = address.storage() else {
            throw TransportError(code: Int32(UV_EINVAL.rawValue), operation: "listen on \(address)")
        }
        self.loop = loop
        self.onConnection = onConnection
        let handle = UnsafeMutableRawPointer.allocate(byteCount: uv_handle_size(UV_TCP), alignment: 16)
        let tcp = unsafe handle.bindMemory(to: uv_tcp_t.self, capacity: 1)
        unsafe stream = handle.assumingMemoryBound(to: uv_stream_t.self)
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
        self.address = SocketAddress(bound) ?? address
        guard code == 0 else {
            unsafe closeHandle(stream, on: loop)
            throw TransportError(code: code, operation: "listen on \(address)")
        }
        unsafe stream.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    /// Listens on a UNIX socket that is bound already (see ``UnixListener``), through a descriptor of this loop's own.
    init(descriptor: Int32, path: String, loop: EventLoop, _ onConnection: @escaping (TCPConnection) -> Void) throws(TransportError) {
        loop.checkIsolated()
        self.loop = loop
        self.onConnection = onConnection
        address = .unix(path: path)
        let handle = UnsafeMutableRawPointer.allocate(byteCount: uv_handle_size(UV_NAMED_PIPE), alignment: 16)
        let pipe = unsafe handle.bindMemory(to: uv_pipe_t.self, capacity: 1)
        unsafe stream = handle.assumingMemoryBound(to: uv_stream_t.self)
        unsafe uv_pipe_init(loop.handles.loop, pipe, 0)
        var code = unsafe uv_pipe_open(pipe, descriptor)
        if code == 0 { code = unsafe uv_listen(stream, TCPListener.backlog, onIncoming) }
        guard code == 0 else {
            unsafe closeHandle(stream, on: loop)
            throw TransportError(code: code, operation: "listen on \(path)")
        }
        unsafe stream.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        if onConnection != nil {
            unsafe stream.pointee.data = nil
            unsafe closeHandle(stream, on: loop)
        }
    }

    /// Stops accepting; connections that exist are not touched. Idempotent.
    public func close() {
        guard onConnection != nil else { return }
        onConnection = nil
        unsafe stream.pointee.data = nil
        unsafe closeHandle(stream, on: loop)
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
        // EMFILE and the like: libuv has closed the pending connection with its reserve descriptor, and goes on.
        guard status == 0, let onConnection else { return }
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
