import Reactor
import Testing

@testable import App

@Suite struct CORSPolicyTests {
    private let policy = CORSPolicy(origins: ["https://app.example.com", "http://localhost:3000/"])

    private func decide(_ policy: CORSPolicy, _ origin: String?, preflight: Bool = false, headers: String? = nil) -> [String: String] {
        let decision = policy.decide(
            origin: origin.map { Text($0) }, isOptions: preflight, requestedMethod: preflight ? "POST" : nil,
            requestedHeaders: headers.map { Text($0) })
        return Dictionary(uniqueKeysWithValues: decision.headers.map { ($0.name, $0.value) })
    }

    @Test func namesTheOriginThatIsOnTheList() {
        let headers = decide(policy, "https://app.example.com")
        #expect(headers["Access-Control-Allow-Origin"] == "https://app.example.com")
        #expect(headers["Access-Control-Allow-Credentials"] == "true")
        for name in ["X-Total-Count", "X-Next-Cursor"] {
            #expect(headers["Access-Control-Expose-Headers"]?.contains(name) == true)
        }
        #expect(decide(policy, "http://localhost:3000")["Access-Control-Allow-Origin"] == "http://localhost:3000")
        #expect(policy.variesByOrigin)
    }

    @Test(arguments: [
        "https://app.example.com.evil.com", "https://evil.com", "http://app.example.com", "https://app.example.com:8443", "null",
        "https://APP.example.com", "https://sub.app.example.com", "https://app.example.com/", "*", "",
    ])
    func saysNothingToOthers(origin: String) {
        #expect(decide(policy, origin).isEmpty)
        #expect(decide(policy, origin, preflight: true).isEmpty)
    }

    @Test func saysNothingWithoutAnOrigin() {
        #expect(decide(policy, nil).isEmpty)
    }

    @Test func answersPreflights() {
        let decision = policy.decide(
            origin: "https://app.example.com", isOptions: true, requestedMethod: "PUT", requestedHeaders: "authorization, x-custom")
        #expect(decision.isPreflight)
        let headers = decide(policy, "https://app.example.com", preflight: true, headers: "authorization, x-custom")
        #expect(headers["Access-Control-Allow-Headers"] == "authorization, x-custom")
        #expect(headers["Access-Control-Allow-Methods"]?.contains("PUT") == true)
        #expect(headers["Access-Control-Max-Age"] == "600")
        #expect(
            decide(policy, "https://app.example.com", preflight: true, headers: "x\r\nSet-Cookie: a=b")["Access-Control-Allow-Headers"]
                == nil)
        // OPTIONS without the method it asks for is no preflight.
        #expect(!policy.decide(origin: "https://app.example.com", isOptions: true, requestedMethod: nil, requestedHeaders: nil).isPreflight)
    }

    @Test func theWildcardNeverComesWithCredentials() {
        let open = CORSPolicy(origins: ["*"], allowsCredentials: true)
        let headers = decide(open, "https://anywhere.example")
        #expect(headers["Access-Control-Allow-Origin"] == "*")
        #expect(headers["Access-Control-Allow-Credentials"] == nil)
        #expect(!open.variesByOrigin)
    }
}
