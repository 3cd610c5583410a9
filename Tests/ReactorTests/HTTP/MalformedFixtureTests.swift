// Each request of Tests/Fixtures/malformed.jsonl against the parser alone: what becomes of it, and that this does not depend on
// how its bytes were cut.

import Reactor
import TestSupport
import Testing

@Suite struct MalformedFixtureTests {
    @Test func everyFixtureGetsWhatItMust() throws {
        let fixtures = try MalformedFixture.all()
        #expect(fixtures.count >= 98)
        for fixture in fixtures {
            let input = ConnectionInput(fixture.bytes)
            #expect(input.faults.isEmpty, "\(fixture.name)")
            let isExpected = fixture.alternatives.contains { holds($0, for: input.verdict) }
            #expect(isExpected, "\(fixture.name): \(fixture.alternatives) but \(input.requests.count) requests, \(input.ending)")
        }
    }

    @Test func everySplitInTwoGivesTheSameVerdict() throws {
        for fixture in try MalformedFixture.all() {
            let whole = ConnectionInput(fixture.bytes).verdict
            for cut in cuts(of: fixture.bytes) {
                let input = ConnectionInput(fixture.bytes, cutAt: [cut])
                guard input.verdict == whole, input.faults.isEmpty else {
                    Issue.record("\(fixture.name) cut at \(cut): \(input.ending) for \(whole.ending) \(input.faults)")
                    break
                }
            }
        }
    }

    @Test func byteAfterByteGivesTheSameVerdict() throws {
        for fixture in try MalformedFixture.all() {
            let input = ConnectionInput(fixture.bytes, cutAt: 1..<fixture.bytes.count)
            #expect(input.verdict == ConnectionInput(fixture.bytes).verdict, "\(fixture.name)")
            #expect(input.faults.isEmpty, "\(fixture.name)")
        }
    }

    /// Every offset; of the few long inputs those around the first and last line ends, and some in between.
    private func cuts(of bytes: [UInt8]) -> [Int] {
        guard bytes.count > 2_048 else { return Array(1..<bytes.count) }
        let lineEnds = bytes.indices.filter { bytes[$0] == 0x0A && ($0 < 256 || $0 > bytes.count - 64) }
        let nearby = lineEnds.flatMap { $0 - 2...$0 + 2 }
        let spread = stride(from: 1, to: bytes.count, by: bytes.count / 24)
        return Set(nearby + Array(spread)).filter { $0 > 0 && $0 < bytes.count }.sorted()
    }

    /// Whether an alternative of `expect` describes the verdict, as far as a parser can tell: a request that is whole would be
    /// answered, with a success or with a status of its route.
    private func holds(_ alternative: String, for verdict: ConnectionInput.Verdict) -> Bool {
        let parts = alternative.replacing("!", with: "").split(separator: "#")
        let (what, count) = (parts[0], parts.count > 1 ? Int(parts[1]) : 1)
        let mustClose = alternative.contains("!")
        let wholeCount = verdict.requests.count { $0.isWhole }
        switch verdict.ending {
        case .refused(let status):
            guard wholeCount == 0 else { return what == "info" }
            return ["info", "reject", "close", "\(status)", "\(status / 100)xx"].contains(what)
        case .needMore:
            return what == "info" || (what == "wait" && wholeCount == 0)
        case .complete, .closed:
            guard verdict.ending == .closed || !mustClose else { return false }
            return what == "info" || (["accept", "4xx", "403", "404"].contains(what) && wholeCount == count)
        }
    }
}
