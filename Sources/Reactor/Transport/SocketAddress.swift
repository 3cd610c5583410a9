// Where a socket is, in words. A value; any thread.

import CLibuv
import Glibc

/// The address of a socket: an IP address (or a name still to be resolved) with a port, or a path.
public enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
    case ip(host: String, port: Int)
    case unix(path: String)

    /// `127.0.0.1:8000`, `[::1]:8000` or `unix:/run/app.sock`.
    public var description: String {
        switch self {
        case .ip(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// What is counted as one client: an IPv4 address, or the /64 of an IPv6 one, of which a single host is given as many addresses as it
    /// likes (RFC 4291 2.5.4, RFC 6177). For a UNIX socket `unix`.
    var network: String {
        let host = self.host
        var bytes = in6_addr()
        guard host.contains(":"), unsafe inet_pton(AF_INET6, host, &bytes) == 1 else { return host }
        return unsafe withUnsafeBytes(of: &bytes) { bytes in
            // ::ffff:192.0.2.1 is an IPv4 address.
            if unsafe bytes[..<10].allSatisfy({ $0 == 0 }), unsafe bytes[10] == 0xFF, unsafe bytes[11] == 0xFF { return host }
            return unsafe bytes[..<8].map { String($0, radix: 16) }.joined(separator: ".")
        }
    }

    /// The host without its port; for a UNIX socket, which has no peer address, `unix`.
    public var host: String {
        switch self {
        case .ip(let host, _): host
        case .unix: "unix"
        }
    }

    /// True for 127.0.0.0/8, ::1 and UNIX sockets: peers on this machine.
    public var isLocal: Bool {
        switch self {
        case .ip(let host, _): host.hasPrefix("127.") || host == "::1" || host == "localhost"
        case .unix: true
        }
    }

    /// The numeric form for the kernel. Nil for a path, a name that is not an IP address, and a port out of range.
    func storage() -> sockaddr_storage? {
        guard case .ip(let name, let port) = self, let port = Int32(exactly: port), (0...65_535).contains(port) else { return nil }
        let host = name == "localhost" ? "127.0.0.1" : name
        var storage = sockaddr_storage()
        // SAFETY: sockaddr_storage is made to hold either kind; libuv writes no further than the kind's own size.
        return unsafe withUnsafeMutablePointer(to: &storage) { pointer -> sockaddr_storage? in
            let raw = UnsafeMutableRawPointer(pointer)
            if unsafe uv_ip4_addr(host, port, raw.assumingMemoryBound(to: sockaddr_in.self)) == 0 { return unsafe pointer.pointee }
            if unsafe uv_ip6_addr(host, port, raw.assumingMemoryBound(to: sockaddr_in6.self)) == 0 { return unsafe pointer.pointee }
            return nil
        }
    }

    /// Reads the kernel's form. Nil for a family that is not IP.
    init?(_ storage: sockaddr_storage) {
        var storage = storage
        var name = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN) + 1)
        let family = Int32(storage.ss_family)
        // SAFETY: the family says which of the two layouts is inside.
        let port: UInt16? = unsafe withUnsafePointer(to: &storage) { pointer in
            let raw = unsafe UnsafeRawPointer(pointer)
            switch family {
            case AF_INET:
                let address = unsafe raw.assumingMemoryBound(to: sockaddr_in.self)
                unsafe uv_ip4_name(address, &name, name.count)
                return unsafe UInt16(bigEndian: address.pointee.sin_port)
            case AF_INET6:
                let address = unsafe raw.assumingMemoryBound(to: sockaddr_in6.self)
                unsafe uv_ip6_name(address, &name, name.count)
                return unsafe UInt16(bigEndian: address.pointee.sin6_port)
            default:
                return nil
            }
        }
        guard let port else { return nil }
        let length = name.firstIndex(of: 0) ?? name.count
        var host = String(decoding: name[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // An IPv4 peer of a dual-stack listener is the same client by both names.
        if host.hasPrefix("::ffff:"), host.contains(".") { host.removeFirst(7) }
        self = .ip(host: host, port: Int(port))
    }
}
