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
    static func resolve(peer: SocketAddress, forwardedFor: [String], forwarded: [String], trusting proxies: TrustedProxies) -> String {
        guard isTrusted(peer, proxies) else { return canonical(peer) }
        let olderChain = forwardedFor.flatMap { $0.split(separator: ",").map(String.init) }
        let newerChain = forwarded.flatMap(forwardedElements)
        let older = client(of: olderChain, trusting: proxies)
        let newer = client(of: newerChain, trusting: proxies)
        // A proxy writes one of the two and passes the other on as the client sent it. Where they disagree neither is believed.
        let isUndisputed = olderChain.isEmpty || newerChain.isEmpty || older == newer
        guard isUndisputed, let client = older ?? newer else { return canonical(peer) }
        return client.description
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

    /// The last address that no trusted proxy has: everything before it may be invented. Nil where that one is not an address.
    private static func client(of chain: [String], trusting proxies: TrustedProxies) -> IPAddress? {
        var client: IPAddress?
        for entry in chain.reversed() {
            guard let address = address(in: entry) else { return nil }
            client = address
            if !proxies.contains(address) { return address }
        }
        return client
    }

    /// `203.0.113.7`, `203.0.113.7:4711`, `[2001:db8::1]:4711`, `2001:db8::1`, each perhaps in quotation marks.
    private static func address(in entry: String) -> IPAddress? {
        var text = entry.filter { $0 != " " && $0 != "\t" && $0 != "\"" }[...]
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            text = text[text.index(after: text.startIndex)..<end]
        } else if text.filter({ $0 == ":" }).count == 1 {
            text = text.prefix { $0 != ":" }
        }
        return IPAddress(text)
    }

    /// The `for` of every element of a Forwarded field; an element without one is an empty entry, which is no address.
    private static func forwardedElements(_ field: String) -> [String] {
        field.split(separator: ",").map { element in
            for pair in element.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                guard parts.count == 2, parts[0].filter({ $0 != " " && $0 != "\t" }).lowercased() == "for" else { continue }
                return String(parts[1])
            }
            return ""
        }
    }
}
