// Mutated requests against the parser's invariants: it never traps, its ranges lie in its bytes, and what it says does not
// depend on how the bytes were cut.
//
// FUZZ_ITERATIONS=1000000 makes a long run, with a new seed each time; FUZZ_SEED repeats one.

import FoundationEssentials
import Reactor
import TestSupport
import Testing

@Suite struct ParserFuzzTests {
    @Test func mutatedRequestsKeepTheInvariants() throws {
        let environment = ProcessInfo.processInfo.environment
        let iterations = environment["FUZZ_ITERATIONS"].flatMap(Int.init)
        let seed = environment["FUZZ_SEED"].flatMap(UInt64.init) ?? (iterations == nil ? 9_112 : UInt64.random(in: 0 ... .max))
        // A trap leaves no time to tell afterwards.
        if iterations != nil { print("repeat this run with FUZZ_SEED=\(seed)") }
        var random = SplitMix64(seed: seed)
        let seeds = try MalformedFixture.all().map(\.bytes).filter { $0.count <= 2_048 }
        var accepted = 0

        for iteration in 0..<(iterations ?? 5_000) {
            var bytes = random.chance(oneIn: 2) ? random.pick(seeds) : RequestGrammar.connection(&random)
            for _ in 0..<random.below(4) { Mutation.apply(to: &bytes, other: random.pick(seeds), &random) }
            let whole = ConnectionInput(bytes)
            let cuts = (0..<random.below(5)).map { _ in random.below(bytes.count + 1) }.sorted()
            let pieces = ConnectionInput(bytes, cutAt: cuts)
            accepted += whole.requests.count { $0.isWhole }

            var faults = whole.faults + pieces.faults
            if pieces.verdict != whole.verdict { faults.append("cut at \(cuts): \(pieces.verdict), whole: \(whole.verdict)") }
            let taken = whole.requests.reduce(0) { sum, request in
                request.fields.reduce(sum + request.target.count + request.body.count) { $0 + $1.name.count + $1.value.count }
            }
            if taken > bytes.count { faults.append("\(taken) bytes out of \(bytes.count)") }
            if whole.ending == .complete, whole.requests.contains(where: { !$0.isWhole }) { faults.append("complete, but not whole") }
            guard faults.isEmpty else {
                let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                Issue.record("FUZZ_SEED=\(seed), iteration \(iteration): \(faults)\n\(hex)")
                return
            }
        }
        // A fuzzer of which every input is refused at the first byte proves nothing.
        #expect(accepted > (iterations ?? 5_000) / 20)
    }
}

/// Requests that are mostly good.
private enum RequestGrammar {
    static let methods = ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "BREW"]
    static let targets = ["/", "/a/b?c=d", "*", "http://a/b?c", "http://[::1]:80", "a:80", "/%41?%zz", "/a|b?{}", "?", "/é"]
    static let versions = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1"]
    static let fields = [
        "Accept: */*", "X:", "x-y: \t z \t", "Cookie: a=b; c=\"d\"", "Connection: close", "Connection: keep-alive, x",
        "Expect: 100-continue",
        "Upgrade: x", "Host: b", "Content-Length: 0", "X: \u{80}", "Transfer-Encoding: chunked", "Y : z", " folded",
    ]
    static let chunks = [
        "3\r\nabc\r\n", "3;a=b\r\nabc\r\n", "0003 ; a = \"\\\"\"\r\nabc\r\n", "a\r\n0123456789\r\n", "3\r\nabcd\r\n", "g\r\n",
    ]
    static let trailers = ["", "", "X: y\r\n", "Host: a\r\n", "X : y\r\n", " x\r\n"]

    static func connection(_ random: inout SplitMix64) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0...random.below(3) { bytes += request(&random) }
        return bytes
    }

    private static func request(_ random: inout SplitMix64) -> [UInt8] {
        let isPlain = !random.chance(oneIn: 3)
        let method = isPlain ? methods[random.below(4)] : random.pick(methods)
        var text =
            "\(method) \(isPlain ? targets[random.below(2)] : random.pick(targets)) \(isPlain ? versions[0] : random.pick(versions))\r\n"
        text += "Host: \(isPlain ? "a" : random.pick(["a", "a:1", "[::1]", "", "a b", "a%", "[x]"]))\r\n"
        for _ in 0..<random.below(4) { text += (isPlain ? fields[random.below(4)] : random.pick(fields)) + "\r\n" }
        switch random.below(3) {
        case 0: text += "Content-Length: 5\r\n\r\nhello"
        case 1:
            text += "Transfer-Encoding: chunked\r\n\r\n"
            for _ in 0..<random.below(3) { text += isPlain ? chunks[random.below(3)] : random.pick(chunks) }
            text += "0\r\n\(isPlain ? "" : random.pick(trailers))\r\n"
        default: text += "\r\n"
        }
        return Array(text.utf8)
    }
}

/// Damage.
private enum Mutation {
    static let telling: [UInt8] = [0x0D, 0x0A, 0x00, 0x20, 0x09, 0x3A, 0x2C, 0x3B, 0x22, 0x7F, 0xFF, 0x30, 0x2D]

    static func apply(to bytes: inout [UInt8], other: [UInt8], _ random: inout SplitMix64) {
        let position = random.below(bytes.count)
        let length = min(1 + random.below(random.chance(oneIn: 4) ? 64 : 4), bytes.count - position)
        let range = position..<position + length
        switch random.below(6) {
        case 0: if !bytes.isEmpty { bytes[position] ^= 1 << UInt8(random.below(8)) }
        case 1: if !bytes.isEmpty { bytes[position] = random.pick(telling) }
        case 2: bytes.insert(random.pick(telling), at: position)
        case 3: bytes.removeSubrange(range)
        case 4: bytes.insert(contentsOf: Array(bytes[range]), at: position)
        default:
            let start = random.below(other.count)
            bytes.replaceSubrange(range, with: other[start..<min(start + 1 + random.below(32), other.count)])
        }
    }
}
