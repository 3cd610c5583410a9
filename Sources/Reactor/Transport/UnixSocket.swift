// The bound descriptor behind a UNIX-socket listener: made once, shared by the loops through duplicates. Any thread.

import CLibuv
import Glibc

/// A bound, listening UNIX socket.
struct UnixSocket: Sendable {
    let descriptor: Int32
    let path: String

    /// Binds `path`, replacing a socket that nobody answers on any more.
    /// - Throws: ``TransportError`` when the path is too long (107 bytes), taken by a living server, or not ours to write.
    init(path: String) throws(TransportError) {
        self.path = path
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw TransportError(code: -ENAMETOOLONG, operation: "listen on \(path)")
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw TransportError(code: -errno, operation: "listen on \(path)") }
        // A path that answers, or that is something else than a dead socket, is not ours to remove.
        let answer = unsafe UnixSocket.call(connect, descriptor, &address) == 0 ? 0 : errno
        guard answer == ENOENT || (answer == ECONNREFUSED && UnixSocket.isSocket(path)) else {
            close(descriptor)
            throw TransportError(code: answer == 0 || answer == EAGAIN ? -EADDRINUSE : -answer, operation: "listen on \(path)")
        }
        if answer == ECONNREFUSED { unsafe unlink(path) }
        guard unsafe UnixSocket.call(bind, descriptor, &address) == 0, listen(descriptor, TCPListener.backlog) == 0 else {
            let code = -errno
            close(descriptor)
            throw TransportError(code: code, operation: "listen on \(path)")
        }
    }

    /// A descriptor of the same socket for one loop, which owns it.
    func duplicate() throws(TransportError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw TransportError(code: -errno, operation: "dup") }
        return copy
    }

    /// Closes our descriptor and removes the path.
    func remove() {
        close(descriptor)
        unsafe unlink(path)
    }

    private static func isSocket(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32, _ descriptor: Int32, _ address: inout sockaddr_un
    ) -> Int32 {
        // SAFETY: every socket address begins as a sockaddr does.
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
