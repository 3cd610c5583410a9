// What is to be measured, as a URL. Pure.

import Reactor

/// `http://HOST:PORT/PATH`, `https://...`, or `http+unix:SOCKET:/PATH`.
struct TargetURL: Sendable, Hashable, CustomStringConvertible {
    let isTLS: Bool
    let address: SocketAddress
    /// For the Host field, and for TLS.
    let host: String
    /// Path and query.
    let target: String
    let description: String

    struct Invalid: Error, CustomStringConvertible {
        let description: String
    }

    init(_ text: String) throws(Invalid) {
        description = text
        if text.hasPrefix("http+unix:") {
            let parts = text.dropFirst("http+unix:".count).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].hasPrefix("/"), parts[1].hasPrefix("/") else {
                throw Invalid(description: "\(text): a UNIX socket is written http+unix:/path/of/socket:/path/of/resource")
            }
            isTLS = false
            address = .unix(path: String(parts[0]))
            host = "localhost"
            target = String(parts[1])
            return
        }
        guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else {
            throw Invalid(description: "\(text): a URL begins with http:// or https://")
        }
        isTLS = scheme == "https://"
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest[authority.endIndex...].prefix { $0 != "#" }
        let (name, port) = try TargetURL.split(authority, in: text)
        guard let number = port.map({ Int($0) }) ?? (isTLS ? 443 : 80), (1...65_535).contains(number), !name.isEmpty else {
            throw Invalid(description: "\(text): no host, or no port from 1 to 65535")
        }
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Invalid(description: "\(text): the path has characters that must be percent-encoded")
        }
        address = .ip(host: name, port: number)
        host = String(authority)
        target = path.hasPrefix("/") ? String(path) : "/\(path)"
    }

    private static func split(_ authority: Substring, in text: String) throws(Invalid) -> (name: String, port: Substring?) {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { throw Invalid(description: "\(text): an IPv6 address ends with ]") }
            let rest = authority[authority.index(after: end)...]
            return (String(authority[authority.index(after: authority.startIndex)..<end]), rest.isEmpty ? nil : rest.dropFirst())
        }
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts.first ?? ""), parts.count == 2 ? parts[1] : nil)
    }

    /// Loads stay on the machine: this program is made for measuring one's own servers.
    var isLocal: Bool { address.isLocal }
}
