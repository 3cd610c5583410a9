// Strings that the program writes itself: digits, identifiers, encodings. Pure; any thread.

extension String {
    /// Decodes bytes that are ASCII: of anything else a `?` is made, so that no operation on the result ever normalises. O(bytes).
    ///
    /// What comes from outside becomes a ``Text`` instead.
    public init(ascii bytes: [UInt8]) {
        self.init(ascii: bytes[...])
    }

    /// The same for a part of an array, which is not copied twice.
    public init(ascii bytes: ArraySlice<UInt8>) {
        let span = bytes.span
        var isASCII = true
        for index in span.indices where span[index] >= 0x80 { isASCII = false }
        assert(isASCII, "what the program writes itself is ASCII")
        let ascii = isASCII ? bytes : ArraySlice(bytes.map { $0 < 0x80 ? $0 : UInt8(ascii: "?") })
        self = String(decoding: ascii, as: UTF8.self)
    }
}
