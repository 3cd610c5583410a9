// Looking at eight bytes at a time sees what looking at each of them does.

import Reactor
import Testing

@Suite struct VisibleASCIITests {
    @Test func findsEveryInvisibleByteAtEveryPlace() {
        for place in 0..<19 {
            for byte in UInt8.min...UInt8.max {
                var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 19)
                bytes[place] = byte
                let isVisible = isVisible(bytes, in: 0..<19)
                #expect(isVisible == (0x21...0x7E).contains(byte), "\(byte) at \(place)")
            }
        }
    }

    @Test(arguments: [(1..<11, true), (0..<11, false), (1..<12, false), (3..<3, true)])
    func looksAtTheRangeAlone(range: Range<Int>, expected: Bool) {
        let isVisible = isVisible(Array(" abcdefghij ".utf8), in: range)
        #expect(isVisible == expected)
    }

    private func isVisible(_ bytes: [UInt8], in range: Range<Int>) -> Bool {
        bytes.span.isVisibleASCII(in: range)
    }
}
