// PostgreSQL's binary form of values, read byte by byte. Pure; any thread.
//
// Nil stands for bytes that no server sends for the type, and for values that have no counterpart here (infinite timestamps).

/// Decoders of single values (PostgreSQL, src/backend/utils/adt: the `..send` function of each type).
enum PostgresBinary {
    /// Microseconds from 1970-01-01 to 2000-01-01, PostgreSQL's epoch.
    private static let epochMicroseconds: Int64 = 946_684_800_000_000

    /// int2, int4 or int8, by its length.
    static func int(_ bytes: RawSpan) -> Int64? {
        switch bytes.byteCount {
        case 2: Int64(int16(bytes, at: 0))
        case 4: Int64(Int32(truncatingIfNeeded: bigEndian(bytes, at: 0, count: 4)))
        case 8: Int64(bitPattern: bigEndian(bytes, at: 0, count: 8))
        default: nil
        }
    }

    /// An oid: 4 bytes without sign.
    static func oid(_ bytes: RawSpan) -> Int64? {
        bytes.byteCount == 4 ? Int64(bigEndian(bytes, at: 0, count: 4)) : nil
    }

    static func bool(_ bytes: RawSpan) -> Bool? {
        bytes.byteCount == 1 ? bytes.byte(0) != 0 : nil
    }

    /// float4 or float8, by its length.
    static func double(_ bytes: RawSpan) -> Double? {
        switch bytes.byteCount {
        case 4: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bigEndian(bytes, at: 0, count: 4))))
        case 8: Double(bitPattern: bigEndian(bytes, at: 0, count: 8))
        default: nil
        }
    }

    /// timestamp or timestamptz: microseconds since 2000. Nil for `infinity`, and past what ``Timestamp`` can say.
    static func timestamp(_ bytes: RawSpan) -> Timestamp? {
        guard bytes.byteCount == 8 else { return nil }
        let value = Int64(bitPattern: bigEndian(bytes, at: 0, count: 8))
        guard value != .max, value != .min else { return nil }
        let (sum, overflow) = value.addingReportingOverflow(epochMicroseconds)
        return overflow ? nil : Timestamp(microseconds: sum)
    }

    /// date: days since 2000, as that day's midnight in UTC. Nil for `infinity`.
    static func date(_ bytes: RawSpan) -> Timestamp? {
        guard bytes.byteCount == 4 else { return nil }
        let days = Int32(truncatingIfNeeded: bigEndian(bytes, at: 0, count: 4))
        guard days != .max, days != .min else { return nil }
        let (scaled, overflow) = Int64(days).multipliedReportingOverflow(by: 86_400_000_000)
        guard !overflow else { return nil }
        let (sum, sumOverflow) = scaled.addingReportingOverflow(epochMicroseconds)
        return sumOverflow ? nil : Timestamp(microseconds: sum)
    }

    static func bytes(_ bytes: RawSpan) -> [UInt8] {
        unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }

    static func text(_ bytes: RawSpan) -> String {
        unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// A byte with the format's version, which is 1, and then the text.
    static func jsonb(_ bytes: RawSpan) -> String? {
        bytes.byteCount > 0 && bytes.byte(0) == 1 ? text(bytes.extracting(droppingFirst: 1)) : nil
    }

    static func uuid(_ bytes: RawSpan) -> String? {
        guard bytes.byteCount == 16 else { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for index in 0..<16 {
            if index == 4 || index == 6 || index == 8 || index == 10 { text.append(UInt8(ascii: "-")) }
            let byte = bytes.byte(index)
            text.append(hexadecimalDigit(byte >> 4))
            text.append(hexadecimalDigit(byte & 0xf))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// numeric, exactly and with as many digits behind the point as the value's scale says: `12.50`, `NaN`, `-Infinity`.
    ///
    /// Four 16-bit words (count of digits, weight, sign, scale), then digits to the base 10,000; the first one stands for
    /// 10,000 to the power of the weight.
    static func numeric(_ bytes: RawSpan) -> String? {
        guard bytes.byteCount >= 8 else { return nil }
        let count = Int(int16(bytes, at: 0))
        let weight = Int(int16(bytes, at: 2))
        let sign = UInt16(bitPattern: int16(bytes, at: 4))
        let scale = Int(int16(bytes, at: 6))
        guard count >= 0, scale >= 0, bytes.byteCount == 8 + 2 * count else { return nil }
        var text: [UInt8] = []
        switch sign {
        case 0x0000: break
        case 0x4000: text.append(UInt8(ascii: "-"))
        case 0xC000: return "NaN"
        case 0xD000: return "Infinity"
        case 0xF000: return "-Infinity"
        default: return nil
        }
        func group(_ index: Int) -> Int {
            index >= 0 && index < count ? Int(int16(bytes, at: 8 + 2 * index)) : 0
        }
        for index in 0..<count where !(0...9_999).contains(group(index)) { return nil }
        if weight < 0 {
            text.append(UInt8(ascii: "0"))
        } else {
            text.append(contentsOf: String(group(0)).utf8)
            // A weight is at most 32,767, so this ends.
            for index in 1..<(weight + 1) { appendGroup(group(index), digits: 4, to: &text) }
        }
        if scale > 0 {
            text.append(UInt8(ascii: "."))
            var index = weight + 1
            var missing = scale
            while missing > 0 {
                appendGroup(group(index), digits: min(4, missing), to: &text)
                missing -= 4
                index += 1
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The first `digits` digits of a group of four.
    private static func appendGroup(_ group: Int, digits: Int, to text: inout [UInt8]) {
        var divisor = 1_000
        for _ in 0..<digits {
            text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: group / divisor % 10))
            divisor /= 10
        }
    }

    private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func int16(_ bytes: RawSpan, at offset: Int) -> Int16 {
        Int16(truncatingIfNeeded: bigEndian(bytes, at: offset, count: 2))
    }

    private static func bigEndian(_ bytes: RawSpan, at offset: Int, count: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in offset..<(offset + count) { value = value << 8 | UInt64(bytes.byte(index)) }
        return value
    }
}

extension RawSpan {
    /// The byte at `offset`, bounds-checked.
    fileprivate func byte(_ offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}
