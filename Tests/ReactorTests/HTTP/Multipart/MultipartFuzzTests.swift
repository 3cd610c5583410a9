// Mutated forms against the parser's invariants: it never traps, it hands out no more than it was fed, what it says does not
// depend on how the bytes were cut, and where it accepts, a second parser, written without regard for anything but the RFC's
// grammar, finds the same contents.
//
// FUZZ_ITERATIONS=1000000 makes a long run, with a new seed each time; FUZZ_SEED repeats one.

import FoundationEssentials
import Reactor
import TestSupport
import Testing

@Suite struct MultipartFuzzTests {
    @Test func mutatedFormsKeepTheInvariants() {
        let environment = ProcessInfo.processInfo.environment
        let iterations = environment["FUZZ_ITERATIONS"].flatMap(Int.init)
        let seed = environment["FUZZ_SEED"].flatMap(UInt64.init) ?? (iterations == nil ? 7_578 : UInt64.random(in: 0 ... .max))
        if iterations != nil { print("repeat this run with FUZZ_SEED=\(seed)") }
        var random = SplitMix64(seed: seed)
        var accepted = 0

        for iteration in 0..<(iterations ?? 20_000) {
            var bytes = FormGrammar.form(&random)
            for _ in 0..<random.below(4) { FormGrammar.damage(&bytes, &random) }
            let whole = MultipartInput(bytes, boundary: MultipartInput.boundary)
            let cuts = (0..<random.below(6)).map { _ in random.below(bytes.count + 1) }.sorted()
            let pieces = MultipartInput(bytes, boundary: MultipartInput.boundary, cutAt: cuts)

            var faults: [String] = []
            if pieces != whole { faults.append("cut at \(cuts): \(pieces), whole: \(whole)") }
            if whole.parts.reduce(0, { $0 + $1.content.count }) > bytes.count { faults.append("more bytes than there were") }
            if whole.error == nil {
                accepted += 1
                if !whole.hasEnded || whole.parts.contains(where: { !$0.isComplete }) { faults.append("accepted, but not whole") }
                let expected = ReferenceParser.contents(of: bytes, boundary: "b0undary")
                if whole.parts.map(\.content) != expected { faults.append("the reference finds \(String(describing: expected))") }
            }
            guard faults.isEmpty else {
                Issue.record(
                    "FUZZ_SEED=\(seed), iteration \(iteration): \(faults)\n\(String(decoding: bytes, as: UTF8.self).debugDescription)")
                return
            }
        }
        // A fuzzer of which every input is refused at the first byte proves nothing.
        #expect(accepted > (iterations ?? 20_000) / 10)
    }
}

/// Whole bodies, by searching: slow, simple, and nothing of the real parser's.
private enum ReferenceParser {
    static func contents(of body: [UInt8], boundary: String) -> [[UInt8]]? {
        // The first delimiter needs no line ending before it.
        let bytes = Array("\r\n".utf8) + body
        let delimiter = Array("\r\n--\(boundary)".utf8)
        guard var position = search(delimiter, in: bytes, from: 0) else { return nil }
        var contents: [[UInt8]] = []
        while true {
            position += delimiter.count
            if bytes[position...].starts(with: "--".utf8) { return contents }
            while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
            guard bytes[position...].starts(with: "\r\n".utf8),
                let blank = search(Array("\r\n\r\n".utf8), in: bytes, from: position),
                let next = search(delimiter, in: bytes, from: blank + 4)
            else { return nil }
            contents.append(Array(bytes[(blank + 4)..<next]))
            position = next
        }
    }

    private static func search(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= needle.count, start <= bytes.count - needle.count else { return nil }
        return (start...(bytes.count - needle.count)).first { bytes[$0...].starts(with: needle) }
    }
}

/// Forms that are mostly good, and what befalls them.
private enum FormGrammar {
    private static let dispositions = [
        #"form-data; name="file"; filename="a.txt""#, "form-data; name=x", #"form-data; name="ü"; filename="%22""#,
        "form-data; name=x; filename*=UTF-8''%c3%a4", "attachment", "form-data", #"form-data; name="a"#,
    ]
    private static let extras = [
        "", "", "", "Content-Type: text/plain\r\n", "X: y\r\n", "Content-Transfer-Encoding: base64\r\n",
        "Content-Type: multipart/mixed\r\n",
    ]
    private static let scraps = [
        "", "hello", "\r", "\n", "\r\n", "\r\n-", "\r\n--", "\r\n--b0undar", "--b0undary", "\r\r\n", "\u{0}\u{1}", "x\r\ny", "-",
        "\r\n--B0UNDARY",
    ]
    private static let telling: [UInt8] = [0x0D, 0x0A, 0x2D, 0x00, 0x20, 0x22, 0x3A, 0x3B, 0x3D, 0x5C, 0x25, 0x27, 0xFF, 0x62]

    static func form(_ random: inout SplitMix64) -> [UInt8] {
        var text = random.chance(oneIn: 4) ? random.pick(["preamble\r\n", "\r\n", "\r", "--\r\n"]) : ""
        for _ in 0..<random.below(4) {
            text += "--b0undary\(random.chance(oneIn: 8) ? " \t" : "")\r\n"
            let disposition = random.chance(oneIn: 5) ? random.pick(dispositions) : dispositions[random.below(4)]
            let extra = random.chance(oneIn: 5) ? random.pick(extras) : extras[random.below(5)]
            text += "Content-Disposition: \(disposition)\r\n\(extra)\r\n"
            for _ in 0..<random.below(6) { text += random.pick(scraps) }
            text += "\r\n"
        }
        text += random.chance(oneIn: 12) ? "--b0undary" : "--b0undary--"
        text += random.pick(["", "\r\n", "\r\nepilogue", "\r\n--b0undary\r\n"])
        return Array(text.utf8)
    }

    static func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        guard !bytes.isEmpty else { return }
        let position = random.below(bytes.count)
        let range = position..<min(position + 1 + random.below(4), bytes.count)
        switch random.below(5) {
        case 0: bytes[position] ^= 1 << UInt8(random.below(8))
        case 1: bytes[position] = random.pick(telling)
        case 2: bytes.insert(random.pick(telling), at: position)
        case 3: bytes.removeSubrange(range)
        default: bytes.insert(contentsOf: Array(bytes[range]), at: position)
        }
    }
}
