// Addresses: what counts as one client.

@testable import Reactor
import Testing

@Suite struct SocketAddressTests {
    private static func network(_ host: String) -> String { SocketAddress.ip(host: host, port: 1).network }

    @Test func aNetworkIsAnIPv4AddressOrA64() {
        #expect(Self.network("192.0.2.1") == "192.0.2.1")
        #expect(Self.network("192.0.2.1") != Self.network("192.0.2.2"))
        #expect(Self.network("2001:db8:1:2::1") == Self.network("2001:db8:1:2:ffff:ffff:ffff:ffff"))
        #expect(Self.network("2001:db8:1:2::1") == Self.network("2001:0db8:0001:0002:0:0:0:1"))
        #expect(Self.network("2001:db8:1:2::1") != Self.network("2001:db8:1:3::1"))
        #expect(Self.network("::ffff:192.0.2.1") != Self.network("::ffff:192.0.2.2"))
        #expect(SocketAddress.unix(path: "/tmp/a").network == "unix")
    }
}
