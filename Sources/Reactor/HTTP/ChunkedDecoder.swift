// Chunked transfer coding (RFC 9112 7.1): bytes in, ranges of body out. Pure, and fed at any split: what belongs to a chunk's
// head is consumed byte by byte into the state, so that nothing has to be kept and looked at twice.
//
// White space is refused wherever the grammar only tolerates it (BWS, RFC 9110 5.6.3): nobody writes it, and programs disagree
// on where it may stand.

/// What a step of decoding found.
public enum ChunkedEvent: Sendable, Equatable {
    /// Everything was consumed, and more is needed.
    case needMore(consumed: Int)
    /// Body bytes, as a range of the input; `consumed` reaches past them.
    case data(range: Range<Int>, consumed: Int)
    /// The body and its trailer section are over; what follows is the next request.
    case end(consumed: Int)
}

/// Decodes one chunked body. Trailer fields are checked and dropped: nothing here needs them, and merging them into the
/// header section is a smuggling vector (RFC 9110 6.5.1).
public struct ChunkedDecoder: Sendable {
    private enum State: Sendable {
        case size
        /// Behind the `;`, and in an extension's name and value (RFC 9112 7.1.1).
        case extensionNameStart, extensionName
        case extensionValueStart, extensionValue
        case quotedValue, quotedPair, quotedValueEnd
        case sizeLineFeed
        case data
        case dataReturn, dataLineFeed
        case trailer
        case finished
    }

    private let maxSizeDigits: Int
    private let maxExtensionBytes: Int
    private var state = State.size
    /// Of the chunk: its size while that is read, then what is left of its data.
    private var remaining = 0
    private var digits = 0
    private var extensionBytes = 0
    private var trailers: TrailerSection

    public init(limits: HTTPLimits = HTTPLimits()) {
        maxSizeDigits = limits.maxChunkSizeDigits
        maxExtensionBytes = limits.maxChunkExtensionBytes
        trailers = TrailerSection(maxBytes: limits.maxTrailerBytes, maxFields: limits.maxHeaderFields)
    }

    /// Decodes up to the next piece of body. Call again with what lies behind `consumed`; after the end, and after an error, no
    /// more.
    public mutating func next(_ bytes: RawSpan) throws(HTTPParseError) -> ChunkedEvent {
        var position = 0
        while position < bytes.byteCount {
            if state == .data {
                let count = min(remaining, bytes.byteCount - position)
                remaining -= count
                if remaining == 0 { state = .dataReturn }
                return .data(range: position..<position + count, consumed: position + count)
            }
            try take(bytes.octet(position))
            position += 1
            if state == .finished { return .end(consumed: position) }
        }
        return .needMore(consumed: position)
    }

    /// One byte of framing.
    private mutating func take(_ byte: UInt8) throws(HTTPParseError) {
        switch state {
        case .size:
            try takeSize(byte)
        case .extensionNameStart, .extensionName, .extensionValueStart, .extensionValue, .quotedValue, .quotedPair, .quotedValueEnd:
            try takeExtension(byte)
        case .sizeLineFeed:
            guard byte == 0x0A else { throw .invalidChunkSize }
            digits = 0
            state = remaining == 0 ? .trailer : .data
        case .dataReturn:
            guard byte == 0x0D else { throw .invalidChunkEnd }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == 0x0A else { throw .invalidChunkEnd }
            state = .size
        case .trailer:
            if try trailers.take(byte) { state = .finished }
        case .data, .finished:
            preconditionFailure("no byte of framing")
        }
    }

    private mutating func takeSize(_ byte: UInt8) throws(HTTPParseError) {
        if let digit = HTTPCharacters.hexValue(byte) {
            let (scaled, overflow) = remaining.multipliedReportingOverflow(by: 16)
            guard digits < maxSizeDigits, !overflow else { throw .invalidChunkSize }
            remaining = scaled | digit
            digits += 1
            return
        }
        guard digits > 0 else { throw .invalidChunkSize }
        try takeSeparator(byte, orThrow: .invalidChunkSize)
    }

    /// chunk-ext = *( ";" chunk-ext-name [ "=" chunk-ext-val ] ), a value being a token or a quoted string.
    private mutating func takeExtension(_ byte: UInt8) throws(HTTPParseError) {
        extensionBytes += 1
        guard extensionBytes <= maxExtensionBytes else { throw .chunkExtensionsTooLarge }
        let isToken = HTTPCharacters.token.contains(byte)
        switch state {
        case .extensionNameStart where isToken, .extensionName where isToken:
            state = .extensionName
        case .extensionName where byte == UInt8(ascii: "="):
            state = .extensionValueStart
        case .extensionValueStart where isToken, .extensionValue where isToken:
            state = .extensionValue
        case .extensionValueStart where byte == UInt8(ascii: "\""):
            state = .quotedValue
        case .extensionName, .extensionValue, .quotedValueEnd:
            try takeSeparator(byte, orThrow: .invalidChunkExtension)
        case .quotedValue where byte == UInt8(ascii: "\""):
            state = .quotedValueEnd
        case .quotedValue where byte == UInt8(ascii: "\\"):
            state = .quotedPair
        case .quotedValue where HTTPCharacters.isFieldValue(byte), .quotedPair where HTTPCharacters.isFieldValue(byte):
            state = .quotedValue
        default:
            throw .invalidChunkExtension
        }
    }

    /// What may follow a size, or an extension that is complete.
    private mutating func takeSeparator(_ byte: UInt8, orThrow error: HTTPParseError) throws(HTTPParseError) {
        switch byte {
        case 0x0D: state = .sizeLineFeed
        case UInt8(ascii: ";"): state = .extensionNameStart
        default: throw error
        }
    }
}
