// The networks whose word about other addresses is taken: `TRUSTED_PROXIES=10.0.0.0/8, 127.0.0.1, unix`. Pure.

/// A list of networks.
struct TrustedProxies: Sendable, Hashable {
    static let none = TrustedProxies(networks: [], trustsUnixSockets: false)

    private let networks: [Network]
    /// Whether peers on our UNIX socket are trusted; they have no address.
    let trustsUnixSockets: Bool

    struct SyntaxError: Error, Equatable {
        /// What is not a network.
        let text: String
    }

    private struct Network: Sendable, Hashable {
        let bits: UInt128
        let mask: UInt128
    }

    private init(networks: [Network], trustsUnixSockets: Bool) {
        self.networks = networks
        self.trustsUnixSockets = trustsUnixSockets
    }

    /// - Parameter list: addresses, networks in CIDR notation and `unix`, separated by commas.
    init(_ list: String) throws(SyntaxError) {
        var networks: [Network] = []
        var trustsUnixSockets = false
        for entry in list.split(separator: ",") {
            let text = entry.filter { $0 != " " && $0 != "\t" }
            if text.isEmpty { continue }
            if text == "unix" {
                trustsUnixSockets = true
                continue
            }
            guard let network = TrustedProxies.network(text) else { throw SyntaxError(text: text) }
            networks.append(network)
        }
        self.init(networks: networks, trustsUnixSockets: trustsUnixSockets)
    }

    /// Whether no address is trusted, so that none needs to be read.
    var trustsNoAddress: Bool { networks.isEmpty }

    func contains(_ address: IPAddress) -> Bool {
        networks.contains { address.bits & $0.mask == $0.bits }
    }

    private static func network(_ text: String) -> Network? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ IPAddress($0) }) else { return nil }
        let width = address.isV4 ? 32 : 128
        var length = width
        if parts.count == 2 {
            guard let given = Int(parts[1]), (0...width).contains(given) else { return nil }
            length = given
        }
        let hostBits = width - length
        let mask: UInt128 = hostBits == 128 ? 0 : .max << UInt128(hostBits)
        return Network(bits: address.bits & mask, mask: mask)
    }
}
