// What middleware decides, as far as it decides without a request.

import Actors
import Reactor
import Testing

@testable import App

@Suite struct MiddlewarePolicyTests {
    @Test(arguments: ["abc", "A-1_b.c:2", String(repeating: "x", count: 128)])
    func takesOverWellFormedRequestIDs(id: String) {
        #expect(RequestID.isWellFormed(Text(id)))
    }

    @Test(arguments: ["", " ", "a b", "a\r\nb", "é", "<x>", "a\u{0}", String(repeating: "x", count: 129)])
    func makesItsOwnInsteadOfOthers(id: String) {
        #expect(!RequestID.isWellFormed(Text(id)))
    }

    @Test func requestIDsAreDifferentAndWellFormed() {
        let generator = RequestID.Generator(prefix: 0xDEAD_BEEF)
        #expect(generator.next() == "00000000deadbeef0000000000000001")
        let ids = (0..<100).map { _ in generator.next() }
        #expect(Set(ids).count == 100)
        #expect(ids.allSatisfy { RequestID.isWellFormed(Text($0)) })
    }

    @Test func logTextCannotForgeALine() {
        #expect(LogText.escaped("/tasks/1") == "/tasks/1")
        #expect(LogText.escaped("a\r\nb") == "a\\x{d}\\x{a}b")
        #expect(LogText.escaped("\u{1B}[31m\u{85}\u{2028}\\") == "\\x{1b}[31m\\x{85}\\x{2028}\\\\")
        #expect(LogText.escaped(String(repeating: "x", count: 5_000)).utf8.count <= LogText.maxBytes + 3)
    }

    @Test(
        arguments: [
            ("Bearer abc.def", "abc.def"), ("bearer abc", "abc"), ("BEARER   abc", "abc"), (nil, nil), ("Bearer", nil), ("Bearer ", nil),
            ("Basic abc", nil), ("Bear", nil), ("Bearers abc", nil), ("Bearer a b", nil), ("Bearerabc", nil), ("Bearer a\u{7F}", nil),
            ("Bearer ä", nil),
        ] as [(String?, String?)])
    func readsBearerTokens(field: String?, token: String?) {
        #expect(BearerToken.token(in: field.map { Text($0) }) == token)
    }

    @Test func entityTagsFollowTheBytes() {
        let tag = EntityTag.strong(Array("hello".utf8))
        #expect(tag == EntityTag.strong(Array("hello".utf8)))
        #expect(tag != EntityTag.strong(Array("hello!".utf8)))
        #expect(tag.utf8.count == 18)
    }

    @Test func comparesEntityTagsWeakly() {
        #expect(EntityTag.matches("\"a\"", "\"a\""))
        #expect(EntityTag.matches("\"a\"", "W/\"a\""))
        #expect(EntityTag.matches("\"a\"", "\"b\", \"a\""))
        #expect(EntityTag.matches("\"a\"", "*"))
        #expect(!EntityTag.matches("\"a\"", "\"b\", W/\"c\""))
        #expect(!EntityTag.matches("\"a\"", "a"))
        #expect(!EntityTag.matches("\"a\"", ""))
    }

    @Test func tellsClientsHowTheyStand() {
        let rule = RateLimitRule(name: "strict", limit: 10, window: .seconds(60))
        let decision = RateLimitDecision(
            isAllowed: true, limit: 10, remaining: 9, resetAfter: .milliseconds(5_500), retryAfter: .seconds(1))
        let fields = RateLimitHeaders(rule).fields(decision, now: Timestamp(microseconds: 1_000_000_000_000))
        #expect(
            fields == [
                HeaderField(name: "RateLimit-Policy", value: "\"strict\";q=10;w=60"),
                HeaderField(name: "RateLimit", value: "\"strict\";r=9;t=6"),
                HeaderField(name: "X-RateLimit-Limit", value: "10"),
                HeaderField(name: "X-RateLimit-Remaining", value: "9"),
                HeaderField(name: "X-RateLimit-Reset", value: "1000006"),
            ])
    }

    @Test func listsInHeadersGrowWithoutRepeating() {
        var headers = HTTPHeaders()
        headers.addToList("Vary", "Origin")
        #expect(headers["Vary"] == "Origin")
        headers.addToList("Vary", "origin")
        #expect(headers["Vary"] == "Origin")
        headers.addToList("Vary", "Accept")
        #expect(headers["Vary"] == "Origin, Accept")
    }
}
