// Who the client is, where proxies stand in between. Rate limits, sessions and the audit log depend on it, so nothing is
// believed that a client could have written itself. Pure.

import Reactor

/// Resolves the address of a client.
enum ClientAddress {
    static func of(_ request: HTTPRequest, trusting proxies: TrustedProxies) -> String {
        let peer = request.remoteAddress
        // Most requests come from whoever opened the connection: no header field is read for them.
        guard isTrusted(peer, proxies) else { return canonical(peer) }
        return resolve(
            peer: peer, forwardedFor: request.headers("x-forwarded-for"), forwarded: request.headers("forwarded"), trusting: proxies)
    }

    /// - Parameters:
    ///   - peer: who opened the connection.
    ///   - forwardedFor: every X-Forwarded-For field, in order.
    ///   - forwarded: every Forwarded field (RFC 7239), in order.
    static func resolve(peer: SocketAddress, forwardedFor: [Text], forwarded: [Text], trusting proxies: TrustedProxies) -> String {
        guard isTrusted(peer, proxies) else { return canonical(peer) }
        let older = client(of: forwardedFor, trusting: proxies) { $0 }
        let newer = client(of: forwarded, trusting: proxies, ClientAddress.forwardedFor)
        // A proxy writes one of the two and passes the other on as the client sent it. Where they disagree neither is believed.
        switch (older, newer) {
        case (.address(let client), .absent), (.absent, .address(let client)): return client.description
        case (.address(let client), .address(let other)) where client == other: return client.description
        default: return canonical(peer)
        }
    }

    /// What limits count a client as: an IPv4 address, or the /64 of an IPv6 one. A single host is given that much, so it could
    /// come from another address each time.
    static func limitKey(of address: String) -> String {
        guard address.utf8.contains(UInt8(ascii: ":")), let network = IPAddress(address)?.hostNetwork else { return address }
        return network
    }

    /// One spelling for one address: a listener for both families reports 10.0.0.1 as ::ffff:10.0.0.1.
    private static func canonical(_ peer: SocketAddress) -> String {
        let host = peer.host
        return host.utf8.contains(UInt8(ascii: ":")) ? IPAddress(host)?.description ?? host : host
    }

    /// Whether `peer` is one of the proxies whose word is taken.
    static func isTrusted(_ peer: SocketAddress, _ proxies: TrustedProxies) -> Bool {
        switch peer {
        case .unix: proxies.trustsUnixSockets
        case .ip(let host, _): !proxies.trustsNoAddress && IPAddress(host).map(proxies.contains) ?? false
        }
    }

    /// What the fields of one name say.
    private enum Claim: Equatable {
        /// There are none, or they are empty.
        case absent
        case address(IPAddress)
        /// The entry that counts is not an address.
        case unreadable
    }

    /// Of trusted proxies in a row, which write an entry each.
    private static let maxHops = 32

    /// The last address that no trusted proxy has: everything before it may be invented, and is not looked at.
    /// - Parameter entry: of an element of the list.
    private static func client(of fields: [Text], trusting proxies: TrustedProxies, _ entry: (Text) -> Text) -> Claim {
        var client = Claim.absent
        var hops = 0
        for field in fields.reversed() {
            for element in field.partsFromEnd(on: UInt8(ascii: ",")) {
                hops += 1
                guard hops <= maxHops, let address = address(in: entry(element)) else { return .unreadable }
                client = .address(address)
                if !proxies.contains(address) { return client }
            }
        }
        return client
    }

    /// `203.0.113.7`, `203.0.113.7:4711`, `[2001:db8::1]:4711`, `2001:db8::1`, each perhaps in quotation marks.
    private static func address(in entry: Text) -> IPAddress? {
        // An address, a port, brackets and quotation marks, with room for white space.
        guard entry.byteCount <= 128 else { return nil }
        let text = Text(decoding: entry.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: "\"") })
        if text.hasPrefix("[") {
            guard let (bracketed, _) = text.cut(at: UInt8(ascii: "]")) else { return nil }
            return IPAddress(Text(decoding: bracketed.utf8.dropFirst()))
        }
        let hasPort = text.utf8.count { $0 == UInt8(ascii: ":") } == 1
        return IPAddress(hasPort ? text.prefix(before: UInt8(ascii: ":")) : text)
    }

    /// The `for` of an element of a Forwarded field; nothing, which is no address, where there is none.
    private static func forwardedFor(_ element: Text) -> Text {
        // Four parameters of which the longest is an address.
        guard element.byteCount <= 1_024 else { return "" }
        for pair in element.split(on: UInt8(ascii: ";")) {
            guard let (name, value) = pair.cut(at: UInt8(ascii: "=")), name.trimmed().equalsIgnoringCase("for") else { continue }
            return value
        }
        return ""
    }
}
