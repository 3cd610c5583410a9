// The 512 bytes before each entry of a tar archive (POSIX.1-1988 ustar). Pure.

import Reactor

/// An entry's name and size, as tar writes them. Regular files only: a backup consists of nothing else.
struct TarHeader: Sendable, Hashable {
    static let blockSize = 512

    var name: String
    var sizeBytes: Int
    var modifiedAt: Timestamp

    /// What fills the last block of an entry of this size.
    static func padding(after sizeBytes: Int) -> Int {
        (blockSize - sizeBytes % blockSize) % blockSize
    }

    // MARK: Writing

    /// - Precondition: the name has at most 100 bytes; ours have fewer than 60.
    var block: [UInt8] {
        precondition(name.utf8.count <= 100, "an entry's name is too long for tar")
        var block = [UInt8](repeating: 0, count: TarHeader.blockSize)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte }
        }
        put(name, at: 0)
        put("0000600", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(TarHeader.octal(sizeBytes, digits: 11), at: 124)
        put(TarHeader.octal(Int(max(0, modifiedAt.seconds)), digits: 11), at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar\u{0}00", at: 257)
        // The sum is made with blanks in its own place.
        put(TarHeader.octal(TarHeader.sum(block), digits: 6) + "\u{0} ", at: 148)
        return block
    }

    private static func octal(_ value: Int, digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    private static func sum(_ block: [UInt8]) -> Int {
        block.reduce(0) { $0 + Int($1) }
    }

    // MARK: Reading

    /// Nil for anything but a regular file's header with a good sum.
    init?(block: [UInt8]) {
        guard block.count == TarHeader.blockSize, Array(block[257..<262]) == Array("ustar".utf8),
            block[156] == UInt8(ascii: "0") || block[156] == 0,
            let size = TarHeader.number(block[124..<136]), let time = TarHeader.number(block[136..<148]),
            let sum = TarHeader.number(block[148..<156])
        else { return nil }
        var summed = block
        for index in 148..<156 { summed[index] = UInt8(ascii: " ") }
        guard TarHeader.sum(summed) == sum, let name = String(validating: block[0..<100].prefix { $0 != 0 }, as: UTF8.self) else {
            return nil
        }
        self.name = name
        sizeBytes = size
        modifiedAt = Timestamp(seconds: Int64(time))
    }

    init(name: String, sizeBytes: Int, modifiedAt: Timestamp) {
        self.name = name
        self.sizeBytes = sizeBytes
        self.modifiedAt = modifiedAt
    }

    /// Octal digits between blanks and NULs.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        let digits = field.filter { $0 != 0 && $0 != UInt8(ascii: " ") }
        guard !digits.isEmpty else { return 0 }
        return Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 >= 0 ? $0 : nil }
    }
}
