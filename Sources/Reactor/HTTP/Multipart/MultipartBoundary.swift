// The boundary between parts, as the Content-Type names it. Pure.

/// A boundary (RFC 2046 5.1.1): 1 to 70 characters, of which the last is no space.
public struct MultipartBoundary: Sendable, Hashable {
    public static let maxBytes = 70

    let bytes: [UInt8]

    /// - Throws: ``MultipartError/invalidBoundary``.
    public init(_ text: Text) throws(MultipartError) {
        let bytes = Array(text.utf8)
        guard (1...MultipartBoundary.maxBytes).contains(bytes.count), bytes.last != 0x20,
            bytes.allSatisfy(MultipartBoundary.isAllowed)
        else { throw .invalidBoundary }
        self.bytes = bytes
    }

    /// The boundary that a Content-Type names.
    /// - Parameter contentType: `multipart/form-data; boundary=...`; its type is not looked at.
    /// - Throws: ``MultipartError/missingBoundary`` where it names none or several, ``MultipartError/invalidBoundary``.
    public init(contentType: Text) throws(MultipartError) {
        // Clients that do not quote characters which a token may not hold (`:`, `/`, `=`) are many.
        guard let parsed = FieldParameters.parse(Array(contentType.utf8)) else { throw .missingBoundary }
        guard let value = try parsed.only("boundary", orThrow: .missingBoundary) else { throw .missingBoundary }
        try self.init(Text(decoding: value))
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "'")...UInt8(ascii: ")"), UInt8(ascii: "+")...UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "="),
            UInt8(ascii: "?"), UInt8(ascii: "_"), 0x20:
            true
        default: false
        }
    }
}
