// Bytes on their way out.

import Reactor
import Testing

@Suite struct ByteBufferTests {
    private func text(_ buffer: ByteBuffer) -> String {
        String(decoding: (0..<buffer.count).map { buffer.bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }, as: UTF8.self)
    }

    @Test(arguments: [
        (0, "0"), (7, "7"), (10, "10"), (123_456, "123456"), (-5, "-5"), (Int.max, "9223372036854775807"),
        (Int.min, "-9223372036854775808"),
    ])
    func writesNumbersInDecimal(value: Int, written: String) {
        var buffer = ByteBuffer()
        buffer.append(decimal: value)
        #expect(text(buffer) == written)
    }

    @Test(arguments: [(0, "0"), (15, "f"), (16, "10"), (255, "ff"), (4_096, "1000"), (Int.max, "7fffffffffffffff")])
    func writesNumbersInHexadecimal(value: Int, written: String) {
        var buffer = ByteBuffer()
        buffer.append(hexadecimal: value)
        #expect(text(buffer) == written)
    }

    @Test func consumingMovesTheStartAndKeepsTheRest() {
        var buffer = ByteBuffer(Array("abcdef".utf8))
        buffer.consume(2)
        buffer.append("gh")
        #expect(text(buffer) == "cdefgh")
        #expect(buffer.count == 6)
        buffer.consume(6)
        #expect(buffer.isEmpty)
    }

    @Test func consumingALongFrontGivesItsMemoryBack() {
        var buffer = ByteBuffer([UInt8](repeating: 1, count: 200_000))
        buffer.append(UInt8(2))
        buffer.consume(200_000)
        #expect(buffer.count == 1)
        #expect(text(buffer) == "\u{2}")
    }
}
