// Numbers as digits: the ends of the range and every length.

import Reactor
import Testing

@Suite struct DecimalDigitsTests {
    @Test(arguments: [0, 1, 9, 10, 99, 100, 12_345, -1, -10, -98_765, Int64.max, Int64.min])
    func aNumberIsWrittenAsItsDescriptionBehindWhatIsThere(_ number: Int64) {
        var bytes = Array("x".utf8)
        bytes.append(decimal: number)
        #expect(String(decoding: bytes, as: UTF8.self) == "x\(number)")
    }
}
