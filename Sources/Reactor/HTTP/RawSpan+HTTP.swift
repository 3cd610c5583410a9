// Reading the bytes of a message: single bytes, eight at once, and comparisons without a copy. Pure.
//
// Loads are unchecked in release builds, because the parsers have established every bound before they look; debug builds, which
// run the fuzzer, check each of them.

extension RawSpan {
    @inline(__always)
    func octet(_ index: Int) -> UInt8 {
        assert(index >= 0 && index < byteCount)
        // SAFETY: callers stay within ranges that were cut out of `0..<byteCount`; the assertion above is what the tests run with.
        return unsafe unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self)
    }

    /// Eight bytes, the first one lowest.
    @inline(__always)
    func word(_ index: Int) -> UInt64 {
        assert(index >= 0 && index <= byteCount - 8)
        // SAFETY: as for `octet`; every bit pattern is an integer.
        return UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self))
    }

    /// Whether these bytes are `text`, without case.
    /// - Parameter text: in lower case.
    @inline(__always)
    func equals(_ text: StaticString, in range: Range<Int>) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        // SAFETY: the index stays under both counts, which are equal.
        for index in 0..<range.count
        where unsafe HTTPCharacters.lowercased(octet(range.lowerBound + index)) != text.utf8Start[index] { return false }
        return true
    }

    /// Whether these bytes are a token: one tchar or more (RFC 9110 5.6.2).
    @inline(__always)
    func isToken(_ range: Range<Int>) -> Bool {
        for position in range where !HTTPCharacters.token.contains(octet(position)) { return false }
        return !range.isEmpty
    }

    /// The range without optional white space (RFC 9110 5.6.3) around it.
    @inline(__always)
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, HTTPCharacters.isWhitespace(octet(start)) { start += 1 }
        while end > start, HTTPCharacters.isWhitespace(octet(end - 1)) { end -= 1 }
        return start..<end
    }

    /// Where the first byte stands that cannot be part of a line, or `range`'s end: a control other than HTAB, CR and LF among
    /// them, or DEL. Looks at eight bytes at a time (Mycroft's test for bytes below a bound, in Anderson, "Bit Twiddling Hacks").
    @inline(__always)
    func firstControl(in range: Range<Int>) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var position = range.lowerBound
        while range.upperBound &- position >= 8 {
            let word = word(position)
            let other = word ^ (ones &* 0x7F)
            // A borrow can only mark bytes above one that is rightly marked: the lowest mark is always true.
            let marks = ((word &- ones &* 0x20) & ~word | (other &- ones) & ~other) & (ones &* 0x80)
            if marks == 0 {
                position &+= 8
                continue
            }
            position &+= marks.trailingZeroBitCount &>> 3
            guard octet(position) == 0x09 else { return position }
            position &+= 1
        }
        while position < range.upperBound, HTTPCharacters.isFieldValue(octet(position)) { position &+= 1 }
        return position
    }

    /// Takes the next element off a comma-separated list, without the white space around it; empty ones too.
    /// - Parameter rest: what is left of the list; nil behind the last element.
    func nextElement(of rest: inout Range<Int>?) -> Range<Int>? {
        guard let list = rest else { return nil }
        var end = list.lowerBound
        while end < list.upperBound, octet(end) != UInt8(ascii: ",") { end += 1 }
        rest = end < list.upperBound ? end + 1..<list.upperBound : nil
        return trimmed(list.lowerBound..<end)
    }
}

extension Span<UInt8> {
    /// Whether all of `range` are visible ASCII characters (RFC 5234, VCHAR): no white space, no control, nothing beyond. Eight at a
    /// time, as `firstControl` does it.
    public func isVisibleASCII(in range: Range<Int>) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        // SAFETY: the bytes of a span are initialized.
        let bytes = unsafe self.bytes
        let ones: UInt64 = 0x0101_0101_0101_0101
        var position = range.lowerBound
        while range.upperBound &- position >= 8 {
            let word = bytes.word(position)
            let other = word ^ (ones &* 0x7F)
            let marks = ((word &- ones &* 0x21) & ~word | (other &- ones) & ~other | word) & (ones &* 0x80)
            guard marks == 0 else { return false }
            position &+= 8
        }
        while position < range.upperBound {
            let byte = bytes.octet(position)
            guard byte > 0x20, byte < 0x7F else { return false }
            position &+= 1
        }
        return true
    }
}
