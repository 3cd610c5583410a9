// The header section of one part: bytes in, a MultipartPart out. Pure, and fed a byte at a time, so that its verdict depends on
// the bytes and not on how they were cut; there are a few hundred of them.

/// Parses the header section of a part.
struct MultipartHeadParser: Sendable {
    private let limits: MultipartLimits
    /// The line that is not complete.
    private var line: [UInt8] = []
    private var byteCount = 0
    private var fieldCount = 0
    private var hasReturn = false
    private var disposition: FieldParameters?
    private var contentType: [UInt8]?
    private var hasTransferEncoding = false

    init(limits: MultipartLimits) {
        self.limits = limits
    }

    /// Takes one byte; the part's head when it ended the section.
    mutating func take(_ byte: UInt8) throws(MultipartError) -> MultipartPart? {
        byteCount += 1
        guard byteCount <= limits.maxPartHeaderBytes else { throw .partHeaderTooLarge }
        if hasReturn {
            guard byte == 0x0A else { throw .invalidPartHeader }
            hasReturn = false
            if line.isEmpty { return try part() }
            try takeLine()
            line.removeAll(keepingCapacity: true)
            return nil
        }
        if byte == 0x0D {
            hasReturn = true
            return nil
        }
        // Bytes above ASCII are UTF-8 in names; a fold is refused as it is in the message's own header section.
        guard HTTPCharacters.isFieldValue(byte), !line.isEmpty || !HTTPCharacters.isWhitespace(byte) else { throw .invalidPartHeader }
        line.append(byte)
        return nil
    }

    private mutating func takeLine() throws(MultipartError) {
        fieldCount += 1
        guard fieldCount <= limits.maxPartHeaderFields else { throw .tooManyPartHeaderFields }
        let name = line.prefix { $0 != UInt8(ascii: ":") }
        guard !name.isEmpty, name.count < line.count, name.allSatisfy({ HTTPCharacters.token.contains($0) }) else {
            throw .invalidPartHeader
        }
        let value = Array(line[(name.count + 1)...].drop(while: HTTPCharacters.isWhitespace))
        switch Text(decoding: name.map(HTTPCharacters.lowercased)) {
        case "content-disposition":
            guard disposition == nil, let parsed = FieldParameters.parse(value) else { throw .invalidDisposition }
            disposition = parsed
        case "content-type":
            guard contentType == nil else { throw .invalidPartHeader }
            contentType = value
        case "content-transfer-encoding":
            guard !hasTransferEncoding else { throw .invalidPartHeader }
            hasTransferEncoding = true
            let encoding = FieldParameters.parse(value)?.value ?? []
            // The three that change nothing (RFC 2045 6.2).
            guard ["binary", "8bit", "7bit"].contains(Text(decoding: encoding)) else {
                throw .unsupportedTransferEncoding
            }
        // RFC 7578 4.8: any other field is ignored.
        default: break
        }
    }

    // MARK: The whole section

    private func part() throws(MultipartError) -> MultipartPart {
        guard let disposition, disposition.value == Array("form-data".utf8) else { throw .invalidDisposition }
        guard let nameBytes = try disposition.only("name", orThrow: .invalidDisposition), !nameBytes.isEmpty else { throw .missingName }
        let name = MultipartHeadParser.decodingBrowserEscapes(nameBytes)
        guard name.count <= limits.maxNameBytes else { throw .nameTooLong }
        var type: Text?
        if let contentType {
            guard contentType.prefix(10).map(HTTPCharacters.lowercased) != Array("multipart/".utf8) else { throw .nestedMultipart }
            type = Text(decoding: contentType)
        }
        return MultipartPart(name: try text(name), filename: try filename(of: disposition), contentType: type)
    }

    private func filename(of disposition: FieldParameters) throws(MultipartError) -> Text? {
        let plain = try disposition.only("filename", orThrow: .invalidDisposition)
        let extended = try disposition.only("filename*", orThrow: .invalidDisposition)
        // RFC 7578 4.2 forbids the second form, and clients send it: it says more (RFC 6266 4.3).
        let bytes: [UInt8]
        if let extended {
            bytes = try MultipartHeadParser.extendedValue(extended)
        } else if let plain {
            bytes = MultipartHeadParser.decodingBrowserEscapes(plain)
        } else {
            return nil
        }
        guard bytes.count <= limits.maxFilenameBytes else { throw .filenameTooLong }
        return try text(bytes)
    }

    private func text(_ bytes: [UInt8]) throws(MultipartError) -> Text {
        guard let text = Text(validating: bytes) else { throw .invalidEncoding }
        return text
    }

    /// What browsers escape in a name (HTML, "multipart/form-data encoding algorithm"): line breaks and quotation marks, and
    /// nothing else, not even the percent sign.
    private static func decodingBrowserEscapes(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(UInt8(ascii: "%")) else { return bytes }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let escaped = escapedByte(rest.prefix(2)), [0x22, 0x0D, 0x0A].contains(escaped) {
                rest = rest.dropFirst(2)
                decoded.append(escaped)
            } else {
                decoded.append(byte)
            }
        }
        return decoded
    }

    /// `UTF-8'language'percent-encoded` (RFC 8187 3.2).
    private static func extendedValue(_ bytes: [UInt8]) throws(MultipartError) -> [UInt8] {
        let sections = bytes.split(separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
        guard sections.count == 3, sections[0].map(HTTPCharacters.lowercased) == Array("utf-8".utf8) else { throw .invalidDisposition }
        var decoded: [UInt8] = []
        var rest = sections[2]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                guard HTTPCharacters.token.contains(byte) else { throw .invalidDisposition }
                decoded.append(byte)
                continue
            }
            guard let escaped = escapedByte(rest.prefix(2)) else { throw .invalidDisposition }
            rest = rest.dropFirst(2)
            decoded.append(escaped)
        }
        return decoded
    }

    private static func escapedByte(_ digits: ArraySlice<UInt8>) -> UInt8? {
        guard digits.count == 2, let high = digits.first.flatMap(HTTPCharacters.hexValue),
            let low = digits.last.flatMap(HTTPCharacters.hexValue)
        else { return nil }
        return UInt8(high << 4 | low)
    }
}
