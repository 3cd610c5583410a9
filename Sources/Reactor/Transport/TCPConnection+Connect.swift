// Outgoing connections: to Redis, and from the load generator. Loop-bound.

import CLibuv
import Glibc

extension TCPConnection {
    /// Connects to `address`, resolving a name on the blocking pool. On-loop.
    /// - Parameter timeout: for the whole of it, name and handshake.
    /// - Throws: ``TransportError``; `ETIMEDOUT` when the time is over, `ECANCELED` when the task is cancelled.
    public static func connect(to address: SocketAddress, loop: EventLoop, timeout: Duration) async throws(TransportError) -> TCPConnection
    {
        loop.checkIsolated()
        let attempt = ConnectAttempt(loop: loop)
        let timer = LoopTimer(loop: loop)
        timer.start(after: timeout) { attempt.fail(.timedOut("connect")) }
        defer { timer.stop() }
        do {
            switch address {
            case .unix(let path):
                attempt.start(path: path)
            case .ip(let host, let port):
                if let numeric = address.storage() {
                    try attempt.start(numeric, named: address)
                } else {
                    // Beside the wait, not before it: a name server that does not answer must not outlast the timeout.
                    // SAFETY: the task is isolated to the loop's actor, and the attempt never leaves its loop.
                    nonisolated(unsafe) let attempt = attempt
                    let isolation = loop.isolation
                    Task(executorPreference: loop) { unsafe await attempt.resolve(host, port, named: address, isolation: isolation) }
                }
            }
            return try await attempt.promise.wait().connection
        } catch let error as TransportError {
            attempt.abandon()
            throw error
        } catch {
            attempt.abandon()
            throw .cancelled("connect")
        }
    }

    fileprivate static func resolve(host: String, port: Int, loop: EventLoop) async throws -> sockaddr_storage {
        try await loop.runBlocking {
            var hints = unsafe addrinfo()
            unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            let code = unsafe getaddrinfo(host, String(port), &hints, &list)
            guard code == 0, let first = unsafe list, let address = unsafe first.pointee.ai_addr else {
                throw TransportError(code: Int32(UV_EAI_NONAME.rawValue), operation: "resolve \(host)")
            }
            defer { unsafe freeaddrinfo(list) }
            var storage = sockaddr_storage()
            unsafe withUnsafeMutableBytes(of: &storage) { target in
                let source = unsafe UnsafeRawBufferPointer(start: address, count: Int(first.pointee.ai_addrlen))
                unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source.prefix(target.count)))
            }
            return storage
        }
    }
}

/// A connect in flight: the handle, and the promise that its callback settles.
@safe
private final class ConnectAttempt {
    /// Lets a loop-bound connection cross the promise, which never leaves its loop.
    // SAFETY: produced and consumed on the same loop's thread.
    struct Box: @unchecked Sendable { let connection: TCPConnection }

    let promise: LoopPromise<Box>
    private let loop: EventLoop
    private var connection: TCPConnection?

    init(loop: EventLoop) {
        self.loop = loop
        promise = LoopPromise(loop: loop)
    }

    func start(_ storage: sockaddr_storage, named address: SocketAddress) throws(TransportError) {
        guard !promise.isSettled else { return }
        let handle = UnsafeMutableRawPointer.allocate(byteCount: uv_handle_size(UV_TCP), alignment: 16)
        let tcp = unsafe handle.bindMemory(to: uv_tcp_t.self, capacity: 1)
        unsafe uv_tcp_init(loop.handles.loop, tcp)
        connection = unsafe TCPConnection(stream: handle.assumingMemoryBound(to: uv_stream_t.self), loop: loop, remoteAddress: address)
        let request = unsafe makeRequest()
        var storage = storage
        let code = unsafe withUnsafeBytes(of: &storage) { bytes in
            unsafe uv_tcp_connect(request, tcp, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), onConnected)
        }
        if code < 0 {
            unsafe release(request)
            throw TransportError(code: code, operation: "connect")
        }
        unsafe uv_tcp_nodelay(tcp, 1)
    }

    /// Looks the name up, then starts; when the attempt has failed meanwhile, it ends there.
    func resolve(_ host: String, _ port: Int, named address: SocketAddress, isolation: isolated LoopActor) async {
        do {
            try start(try await TCPConnection.resolve(host: host, port: port, loop: loop), named: address)
        } catch {
            fail(error as? TransportError ?? .cancelled("connect"))
        }
    }

    func start(path: String) {
        let handle = UnsafeMutableRawPointer.allocate(byteCount: uv_handle_size(UV_NAMED_PIPE), alignment: 16)
        let pipe = unsafe handle.bindMemory(to: uv_pipe_t.self, capacity: 1)
        unsafe uv_pipe_init(loop.handles.loop, pipe, 0)
        connection = unsafe TCPConnection(
            stream: handle.assumingMemoryBound(to: uv_stream_t.self), loop: loop, remoteAddress: .unix(path: path))
        unsafe uv_pipe_connect(makeRequest(), pipe, path, onConnected)
    }

    private func makeRequest() -> UnsafeMutablePointer<uv_connect_t> {
        let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
        // SAFETY: balanced in `onConnected`, which libuv calls exactly once, or in `release`.
        unsafe request.pointee.data = Unmanaged.passRetained(self).toOpaque()
        return unsafe request
    }

    private func release(_ request: UnsafeMutablePointer<uv_connect_t>) {
        unsafe Unmanaged<ConnectAttempt>.fromOpaque(request.pointee.data).release()
        unsafe request.deallocate()
    }

    func connected(_ status: Int32) {
        guard let connection else { return }
        guard status == 0 else { return fail(TransportError(code: status, operation: "connect")) }
        if promise.succeed(Box(connection: connection)) { self.connection = nil }
    }

    func fail(_ error: TransportError) {
        promise.fail(error)
    }

    func abandon() {
        connection?.abort()
        connection = nil
    }
}

private func onConnected(_ request: UnsafeMutablePointer<uv_connect_t>?, _ status: Int32) {
    guard let request = unsafe request else { return }
    // SAFETY: balances the retain in `makeRequest`.
    let attempt = unsafe Unmanaged<ConnectAttempt>.fromOpaque(request.pointee.data).takeRetainedValue()
    unsafe request.deallocate()
    attempt.connected(status)
}
