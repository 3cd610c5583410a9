// The multipart/form-data parser (RFC 7578, RFC 2046 5.1): bytes in, parts and their contents out. Pure, and fed at any split.
//
// Nothing of a content is kept. Bytes at the end of an input that may be the beginning of a delimiter are, until the next input
// decides, the first so many bytes of the delimiter itself: to remember how many is enough. A delimiter begins with the only CR
// in it, so a comparison that fails need not be taken up again further back, and the search costs a memchr for each CR.

import Glibc

/// Parses one multipart body.
public struct MultipartParser: Sendable {
    private enum State: Sendable {
        case preamble, head, content
        /// Behind a delimiter.
        case delimiterEnd, padding, lineFeed, closing
        case epilogue
    }

    private let limits: MultipartLimits
    /// CR LF, two hyphens and the boundary.
    private let delimiter: [UInt8]
    private var state = State.preamble
    /// Of the part whose header section is being read.
    private var head: MultipartHeadParser
    /// How many bytes of the delimiter are matched. At the body's beginning it needs no line ending before it.
    private var matched = 2
    private var partCount = 0
    /// Of the preamble, the padding or the epilogue, whichever is being read.
    private var ignoredBytes = 0

    public init(boundary: MultipartBoundary, limits: MultipartLimits = MultipartLimits()) {
        self.limits = limits
        head = MultipartHeadParser(limits: limits)
        delimiter = Array("\r\n--".utf8) + boundary.bytes
    }

    /// Parses up to the next event. Call it until it says ``MultipartEvent/needMore``, also where no byte is left; after an
    /// error, no more.
    /// - Parameter position: where to go on in `bytes`; moved behind what was consumed.
    public mutating func next(_ bytes: RawSpan, at position: inout Int) throws(MultipartError) -> MultipartEvent {
        while true {
            if matched == delimiter.count, let event = takeDelimiter() { return event }
            if state == .content { return takeContent(bytes, at: &position) }
            guard position < bytes.byteCount else { return .needMore }
            let byte = bytes.octet(position)
            position += 1
            if let event = try take(byte) { return event }
        }
    }

    /// The body has ended.
    /// - Throws: ``MultipartError/unexpectedEnd`` where the last delimiter is missing: the client went away, or lies.
    public func finish() throws(MultipartError) {
        guard state == .epilogue else { throw .unexpectedEnd }
    }

    // MARK: Lines

    /// One byte outside of the contents.
    private mutating func take(_ byte: UInt8) throws(MultipartError) -> MultipartEvent? {
        switch state {
        case .preamble:
            // The delimiter counts too, so that the verdict does not wait for it.
            try ignore(upTo: limits.maxPreambleBytes + delimiter.count, orThrow: .preambleTooLarge)
            matched = byte == delimiter[matched] ? matched + 1 : byte == 0x0D ? 1 : 0
        case .delimiterEnd where byte == UInt8(ascii: "-"):
            state = .closing
        case .delimiterEnd where HTTPCharacters.isWhitespace(byte), .padding where HTTPCharacters.isWhitespace(byte):
            try ignore(upTo: limits.maxPaddingBytes, orThrow: .invalidDelimiter)
            state = .padding
        case .delimiterEnd where byte == 0x0D, .padding where byte == 0x0D:
            state = .lineFeed
        case .lineFeed where byte == 0x0A:
            partCount += 1
            guard partCount <= limits.maxParts else { throw .tooManyParts }
            head = MultipartHeadParser(limits: limits)
            state = .head
        case .closing where byte == UInt8(ascii: "-"):
            ignoredBytes = 0
            state = .epilogue
            return .end
        case .head:
            guard let part = try head.take(byte) else { return nil }
            state = .content
            return .part(part)
        case .epilogue:
            try ignore(upTo: limits.maxEpilogueBytes, orThrow: .epilogueTooLarge)
        case .delimiterEnd, .padding, .lineFeed, .closing:
            // RFC 2046 5.1.1: a boundary occurs in no content, also not as the beginning of a longer line.
            throw .invalidDelimiter
        case .content:
            preconditionFailure("contents are not taken byte by byte")
        }
        return nil
    }

    private mutating func ignore(upTo limit: Int, orThrow error: MultipartError) throws(MultipartError) {
        ignoredBytes += 1
        guard ignoredBytes <= limit else { throw error }
    }

    /// The delimiter is matched: it ends a part, unless it is the first.
    private mutating func takeDelimiter() -> MultipartEvent? {
        defer {
            matched = 0
            ignoredBytes = 0
            state = .delimiterEnd
        }
        return state == .content ? .partEnd : nil
    }

    // MARK: Contents

    private mutating func takeContent(_ bytes: RawSpan, at position: inout Int) -> MultipartEvent {
        match(bytes, at: &position)
        if matched == delimiter.count {
            _ = takeDelimiter()
            return .partEnd
        }
        guard position < bytes.byteCount else { return .needMore }
        // What the last input ended with was content after all.
        var data = Array(delimiter[..<matched])
        matched = 0
        let start = position
        while true {
            guard let carriageReturn = bytes.firstCarriageReturn(from: position) else {
                position = bytes.byteCount
                data.append(bytes, start..<position)
                return .data(data)
            }
            position = carriageReturn
            match(bytes, at: &position)
            // Whole, or cut off by the input's end: what comes decides.
            if matched == delimiter.count || position == bytes.byteCount {
                data.append(bytes, start..<carriageReturn)
                if !data.isEmpty { return .data(data) }
                if matched < delimiter.count { return .needMore }
                _ = takeDelimiter()
                return .partEnd
            }
            matched = 0
        }
    }

    /// Goes on with the comparison for as long as it holds.
    private mutating func match(_ bytes: RawSpan, at position: inout Int) {
        while matched < delimiter.count, position < bytes.byteCount, bytes.octet(position) == delimiter[matched] {
            matched += 1
            position += 1
        }
    }
}

extension RawSpan {
    /// Where the next CR stands.
    fileprivate func firstCarriageReturn(from start: Int) -> Int? {
        unsafe withUnsafeBytes { bytes in
            // SAFETY: the range searched is what lies behind `start` in the span, which is not empty where it has an address.
            guard start < bytes.count, let base = bytes.baseAddress,
                let found = unsafe memchr(base + start, 0x0D, bytes.count - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ bytes: RawSpan, _ range: Range<Int>) {
        unsafe bytes.extracting(range).withUnsafeBytes { unsafe append(contentsOf: $0) }
    }
}
