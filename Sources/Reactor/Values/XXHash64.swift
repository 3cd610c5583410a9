// xxHash64 (Yann Collet, "xxHash fast digest algorithm", specification 0.1.1), seed 0: the same in every process and on every
// machine, which Swift's Hasher on purpose is not. Pure.

/// A fast, well-mixing, not cryptographic hash.
public enum XXHash64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    public static func hash(_ text: Span<UInt8>) -> UInt64 {
        // SAFETY: the bytes of a span are initialized, and any bytes are words.
        let bytes = unsafe text.bytes
        let count = bytes.byteCount
        var index = 0
        var hash: UInt64
        if count >= 32 {
            var lane1 = prime1 &+ prime2
            var lane2 = prime2
            var lane3: UInt64 = 0
            var lane4 = 0 &- prime1
            while index + 32 <= count {
                lane1 = round(lane1, bytes.word(index))
                lane2 = round(lane2, bytes.word(index + 8))
                lane3 = round(lane3, bytes.word(index + 16))
                lane4 = round(lane4, bytes.word(index + 24))
                index += 32
            }
            hash = rotate(lane1, 1) &+ rotate(lane2, 7) &+ rotate(lane3, 12) &+ rotate(lane4, 18)
            hash = merge(lane4, into: merge(lane3, into: merge(lane2, into: merge(lane1, into: hash))))
        } else {
            hash = prime5
        }
        hash &+= UInt64(count)
        return finish(hash, bytes, from: index)
    }

    /// The last 31 bytes at most, and the avalanche.
    private static func finish(_ start: UInt64, _ bytes: RawSpan, from firstIndex: Int) -> UInt64 {
        var hash = start
        var index = firstIndex
        while index + 8 <= bytes.byteCount {
            hash = rotate(hash ^ round(0, bytes.word(index)), 27) &* prime1 &+ prime4
            index += 8
        }
        if index + 4 <= bytes.byteCount {
            var half: UInt64 = 0
            for offset in 0..<4 { half |= UInt64(bytes.octet(index + offset)) << UInt64(8 * offset) }
            hash = rotate(hash ^ (half &* prime1), 23) &* prime2 &+ prime3
            index += 4
        }
        while index < bytes.byteCount {
            hash = rotate(hash ^ (UInt64(bytes.octet(index)) &* prime5), 11) &* prime1
            index += 1
        }
        hash = (hash ^ (hash >> 33)) &* prime2
        hash = (hash ^ (hash >> 29)) &* prime3
        return hash ^ (hash >> 32)
    }

    private static func merge(_ lane: UInt64, into hash: UInt64) -> UInt64 {
        (hash ^ round(0, lane)) &* prime1 &+ prime4
    }

    private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        rotate(lane &+ word &* prime2, 31) &* prime1
    }

    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value &<< count | value &>> (64 &- count)
    }
}
