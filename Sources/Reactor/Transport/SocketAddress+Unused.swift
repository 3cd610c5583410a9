// Whether somebody listens on an address already. With SO_REUSEPORT a second server of the same user would start without a word,
// and half of the connections would go to the one that was forgotten in another terminal. Any thread.

import CLibuv
import Glibc

extension SocketAddress {
    /// Binds a socket without SO_REUSEPORT for a moment, which works only where nobody listens. Port 0 and paths are always free.
    /// - Throws: ``TransportError`` with `EADDRINUSE` where somebody does.
    func checkUnused() throws(TransportError) {
        guard case .ip(_, let port) = self, port != 0, var storage = storage() else { return }
        let descriptor = socket(Int32(storage.ss_family), Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TransportError(code: -errno, operation: "listen on \(self)") }
        defer { close(descriptor) }
        // Connections of a server that has just ended may linger in TIME_WAIT; they are in nobody's way.
        var on: Int32 = 1
        guard unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            throw TransportError(code: -errno, operation: "listen on \(self)")
        }
        let length = storage.ss_family == sa_family_t(AF_INET) ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
        let result = unsafe withUnsafeBytes(of: &storage) { bytes in
            // SAFETY: the storage holds the family's own layout, of that length.
            unsafe bind(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(length))
        }
        guard result == 0 else { throw TransportError(code: -errno, operation: "listen on \(self)") }
    }
}
