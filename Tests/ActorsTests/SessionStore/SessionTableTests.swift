// The two tables of the session store, with a clock of the test's own.

@testable import Actors
import Reactor
import Testing

private func claims(expiresAt: Timestamp) -> AccessClaims {
    AccessClaims(
        userID: 1, username: "alice", role: "user", sessionID: SessionID(rawValue: "s"), tokenID: "t", expiresAt: expiresAt)
}

@Suite struct VerifiedTokenTableTests {
    private let start = MonotonicInstant(nanoseconds: 0)
    private let noon = Timestamp(seconds: 1_767_355_200)

    private func table(maxTokens: Int = 10, maxBytes: Int = 1_000_000) -> VerifiedTokenTable {
        VerifiedTokenTable(maxTokens: maxTokens, maxBytes: maxBytes, recheckInterval: .seconds(60))
    }

    @Test func remembersATokenUntilItIsDueForARecheck() {
        var table = table()
        table.insert("a.b.c", claims(expiresAt: noon + .seconds(900)), now: start, wallClock: noon)
        #expect(table.claims(of: "a.b.c", now: start + .milliseconds(59_999), wallClock: noon) != nil)
        #expect(table.claims(of: "a.b.c", now: start + .seconds(60), wallClock: noon) == nil)
    }

    @Test func forgetsATokenWhenItExpires() {
        var table = table()
        table.insert("a.b.c", claims(expiresAt: noon + .seconds(5)), now: start, wallClock: noon)
        #expect(table.claims(of: "a.b.c", now: start, wallClock: noon + .milliseconds(4_999)) != nil)
        #expect(table.claims(of: "a.b.c", now: start, wallClock: noon + .seconds(5)) == nil)
        #expect(table.count == 0)
    }

    @Test func neverTakesOneTokenForAnother() {
        var table = table()
        table.insert("a.b.K", claims(expiresAt: noon + .seconds(900)), now: start, wallClock: noon)
        for other in ["a.b.k", "a.b.K ", "a.b.", "", "A.b.K", "a.b.\u{212A}", "a.b.K\u{301}"] {
            #expect(table.claims(of: other, now: start, wallClock: noon) == nil)
        }
    }

    @Test func doesNotTakeInWhatCannotBeAToken() {
        var table = table()
        for text in ["a.b.\u{212A}", String(repeating: "x", count: 4_097)] {
            table.insert(text, claims(expiresAt: noon + .seconds(900)), now: start, wallClock: noon)
        }
        #expect(table.count == 0)
    }

    @Test func isBoundedByTokensAndBytes() {
        var few = table(maxTokens: 3)
        var small = table(maxTokens: 1_000, maxBytes: 2_000)
        for number in 0..<100 {
            few.insert("\(number)", claims(expiresAt: noon + .seconds(900)), now: start, wallClock: noon)
            small.insert("\(number)", claims(expiresAt: noon + .seconds(900)), now: start, wallClock: noon)
        }
        #expect(few.count == 3)
        #expect(small.count == 7)
    }
}

@Suite struct LiveSessionTableTests {
    private let start = MonotonicInstant(nanoseconds: 0)

    private func session(user: Int64 = 1) -> LiveSession {
        LiveSession(userID: user, username: "alice", role: "user", isSessionActive: true, isUserActive: true)
    }

    private func id(_ name: String) -> SessionID { SessionID(rawValue: name) }

    private func table() -> LiveSessionTable { LiveSessionTable(maxSessions: 100, freshness: .seconds(1)) }

    @Test func servesASessionForItsFreshnessFromWhenItsLoadBegan() {
        var table = table()
        table.insert(session(), id("a"), epoch: 0, loadBegan: start, now: start + .milliseconds(400))
        #expect(table.session(id("a"), now: start + .milliseconds(999)) != nil)
        #expect(table.session(id("a"), now: start + .seconds(1)) == nil)
    }

    @Test func revokedSessionIsGoneAtOnceAndOthersAreNot() {
        var table = table()
        table.insert(session(), id("a"), epoch: 0, loadBegan: start, now: start)
        table.insert(session(), id("b"), epoch: 0, loadBegan: start, now: start)
        table.revoke(session: id("a"))
        #expect(table.session(id("a"), now: start) == nil)
        #expect(table.session(id("b"), now: start) != nil)
    }

    @Test func revokingAUserReachesAllTheirSessionsAndNobodyElses() {
        var table = table()
        table.insert(session(user: 1), id("a"), epoch: 0, loadBegan: start, now: start)
        table.insert(session(user: 1), id("b"), epoch: 0, loadBegan: start, now: start)
        table.insert(session(user: 2), id("c"), epoch: 0, loadBegan: start, now: start)
        table.revokeAll(user: 1, now: start)
        #expect(table.session(id("a"), now: start) == nil)
        #expect(table.session(id("b"), now: start) == nil)
        #expect(table.session(id("c"), now: start) != nil)
    }

    @Test func loadFromBeforeARevocationDoesNotBringTheSessionBack() {
        var table = table()
        let epoch = table.epoch
        table.revoke(session: id("a"))
        table.insert(session(), id("a"), epoch: epoch, loadBegan: start, now: start)
        #expect(table.session(id("a"), now: start) == nil)
        let later = table.epoch
        table.revokeAll(user: 1, now: start)
        table.insert(session(), id("a"), epoch: later, loadBegan: start, now: start)
        #expect(table.session(id("a"), now: start) == nil)
    }

    @Test func loadFromAfterARevocationIsServed() {
        var table = table()
        table.revokeAll(user: 1, now: start)
        table.insert(session(), id("a"), epoch: table.epoch, loadBegan: start, now: start)
        #expect(table.session(id("a"), now: start) != nil)
    }

    @Test func revocationsBeyondTheBoundForgetEverySessionRatherThanARevocation() {
        var table = LiveSessionTable(maxSessions: 20_000, freshness: .seconds(1))
        for user in 0..<5_000 { table.insert(session(user: Int64(user)), id("\(user)"), epoch: 0, loadBegan: start, now: start) }
        for user in 0..<5_000 { table.revokeAll(user: Int64(user), now: start) }
        for user in 0..<5_000 { #expect(table.session(id("\(user)"), now: start) == nil) }
    }
}
