import Reactor
import TestSupport
import Testing

@Suite struct UTF8RepairTests {
    /// What the standard library makes of ill-formed bytes, on random ones that begin and break off sequences of every kind.
    @Test func repairsLikeTheStandardLibrary() {
        var generator = SplitMix64(seed: 7)
        let interesting: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3,
            0xF4,
            0xF5, 0xFF,
        ]
        for _ in 0..<20_000 {
            let bytes = (0..<12).map { _ in interesting[Int(generator.next() % UInt64(interesting.count))] }
            #expect(Array(Text(decoding: bytes).utf8) == Array(String(decoding: bytes, as: UTF8.self).utf8), "\(bytes)")
        }
    }

    @Test func wellFormedTextStaysAsItIs() {
        let text = "aü€😀\u{0}\u{10FFFF}\u{FFFD}"
        #expect(Text(decoding: Array(text.utf8)) == text)
    }
}
