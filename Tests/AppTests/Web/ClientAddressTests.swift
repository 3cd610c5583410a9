// Who a client is must not be for the client to say.

import Reactor
import Testing

@testable import App

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("::FFFF:a00:1", "10.0.0.1"), ("::1", "::1"), ("::", "::"),
        ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8::", "2001:db8::"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("fe80::0:1", "fe80::1"), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ])
    func spellsAddressesCanonically(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.-4", "1.2.3.4 ", "+1.2.3.4", "localhost", ":", ":::", "1::2::3",
        "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "12345::", "g::", "fe80::1%eth0", ":1:2:3:4:5:6:7", "1.2.3.4::",
        "::1.2.3",
    ])
    func refusesWhatIsNoAddress(text: String) {
        #expect(IPAddress(text) == nil)
    }
}

@Suite struct ClientAddressTests {
    private func resolve(
        _ peer: String, forwardedFor: [Text] = [], forwarded: [Text] = [], trusting list: String
    ) throws -> String {
        ClientAddress.resolve(
            peer: .ip(host: peer, port: 4711), forwardedFor: forwardedFor, forwarded: forwarded, trusting: try TrustedProxies(list))
    }

    @Test func nobodyIsBelievedByDefault() throws {
        try #expect(resolve("203.0.113.7", forwardedFor: ["1.1.1.1"], forwarded: ["for=1.1.1.1"], trusting: "") == "203.0.113.7")
        try #expect(resolve("203.0.113.7", forwardedFor: ["1.1.1.1"], trusting: "10.0.0.0/8") == "203.0.113.7")
    }

    @Test func theLastUntrustedAddressIsTheClient() throws {
        try #expect(resolve("10.0.0.1", forwardedFor: ["203.0.113.7"], trusting: "10.0.0.0/8") == "203.0.113.7")
        try #expect(resolve("10.0.0.1", forwardedFor: ["6.6.6.6, 203.0.113.7"], trusting: "10.0.0.0/8") == "203.0.113.7")
        try #expect(resolve("10.0.0.1", forwardedFor: ["6.6.6.6", "203.0.113.7, 10.9.9.9"], trusting: "10.0.0.0/8") == "203.0.113.7")
        try #expect(resolve("10.0.0.1", forwardedFor: ["10.1.1.1, 10.2.2.2"], trusting: "10.0.0.0/8") == "10.1.1.1")
        try #expect(resolve("10.0.0.1", trusting: "10.0.0.0/8") == "10.0.0.1")
    }

    @Test func whatIsNoAddressEndsTheChainAtTheProxy() throws {
        for garbage in ["unknown", "_hidden", "1.2.3.4\r\nX: y", "", "203.0.113.7, nonsense"] {
            try #expect(resolve("10.0.0.1", forwardedFor: [Text(garbage)], trusting: "10.0.0.0/8") == "10.0.0.1")
        }
    }

    /// Everything before the last untrusted address is invented: it is not even looked at, and so many proxies there are not.
    @Test func whatIsTooLongToBeTrueEndsTheChainAtTheProxy() throws {
        func chain(_ count: Int) -> Text { Text("203.0.113.7, " + Array(repeating: "10.0.0.2", count: count).joined(separator: ", ")) }
        try #expect(resolve("10.0.0.1", forwardedFor: [chain(31)], trusting: "10.0.0.0/8") == "203.0.113.7")
        try #expect(resolve("10.0.0.1", forwardedFor: [chain(32)], trusting: "10.0.0.0/8") == "10.0.0.1")
        let padded = Text("203.0.113.7" + String(repeating: " ", count: 200))
        try #expect(resolve("10.0.0.1", forwardedFor: [padded], trusting: "10.0.0.0/8") == "10.0.0.1")
        let parameters = Text("for=203.0.113.7" + String(repeating: ";a=b", count: 400))
        try #expect(resolve("10.0.0.1", forwarded: [parameters], trusting: "10.0.0.0/8") == "10.0.0.1")
        // Of a field of commas nothing but the last entry counts.
        let commas = Text(String(repeating: ",", count: 8_000) + "203.0.113.7")
        try #expect(resolve("10.0.0.1", forwardedFor: [commas], trusting: "10.0.0.0/8") == "203.0.113.7")
    }

    @Test func readsForwardedInAllItsForms() throws {
        for field in [
            "for=203.0.113.7", "For=\"203.0.113.7:4711\"; proto=https", "by=10.0.0.1;for=203.0.113.7", "for=6.6.6.6, for=203.0.113.7",
        ] {
            try #expect(resolve("10.0.0.1", forwarded: [Text(field)], trusting: "10.0.0.0/8") == "203.0.113.7")
        }
        try #expect(resolve("::1", forwarded: ["for=\"[2001:DB8::17]:4711\""], trusting: "::1") == "2001:db8::17")
        try #expect(resolve("10.0.0.1", forwarded: ["proto=https"], trusting: "10.0.0.0/8") == "10.0.0.1")
    }

    @Test func twoHeadersThatDisagreeAreBothDisbelieved() throws {
        let peer = "10.0.0.1"
        try #expect(resolve(peer, forwardedFor: ["203.0.113.7"], forwarded: ["for=6.6.6.6"], trusting: "10.0.0.0/8") == peer)
        try #expect(resolve(peer, forwardedFor: ["203.0.113.7"], forwarded: ["for=203.0.113.7"], trusting: "10.0.0.0/8") == "203.0.113.7")
    }

    @Test func networksCoverMappedAddressesAndSockets() throws {
        try #expect(resolve("::ffff:10.0.0.1", forwardedFor: ["203.0.113.7"], trusting: "10.0.0.0/8") == "203.0.113.7")
        try #expect(resolve("2001:db8::5", forwardedFor: ["203.0.113.7"], trusting: "2001:db8::/32") == "203.0.113.7")
        try #expect(resolve("2001:db9::5", forwardedFor: ["203.0.113.7"], trusting: "2001:db8::/32") == "2001:db9::5")
        try #expect(resolve("8.8.8.8", forwardedFor: ["203.0.113.7"], trusting: "0.0.0.0/0, ::/0") == "203.0.113.7")
        let address = ClientAddress.resolve(
            peer: .unix(path: "/run/app.sock"), forwardedFor: ["203.0.113.7"], forwarded: [], trusting: try TrustedProxies("unix"))
        #expect(address == "203.0.113.7")
    }

    @Test(arguments: [
        ("203.0.113.7", "203.0.113.7"), ("2001:db8::1", "2001:db8::/64"), ("2001:db8::ffff:0:0:1", "2001:db8::/64"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::ffff:10.0.0.1", "10.0.0.1"), ("", ""), ("local", "local"),
    ])
    func limitsCountAWholeNetworkOfIPv6AsOneClient(address: String, key: String) {
        #expect(ClientAddress.limitKey(of: address) == key)
    }

    @Test(arguments: ["10.0.0.0/33", "10.0.0.0/-1", "example.com", "10.0.0.0/8/8", "::/129", "10.0.0.0/"])
    func refusesWhatIsNoNetwork(list: String) {
        #expect(throws: TrustedProxies.SyntaxError.self) { try TrustedProxies(list) }
    }
}
