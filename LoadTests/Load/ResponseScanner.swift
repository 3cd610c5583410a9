// Where one answer ends and the next begins, in a stream of bytes. Pure, and without allocation where nobody wants the body: the
// generator must cost less than what it measures.

/// Follows the answers of one connection.
struct ResponseScanner {
    /// A complete answer.
    struct Response: Equatable {
        let status: Int
        let bodyBytes: Int
        /// The server closes after it.
        let isLast: Bool
    }

    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    private enum State {
        case head
        case body(remaining: Int)
        case chunkSize
        case chunkData(remaining: Int)
        case trailers
        /// A body that the connection's end delimits.
        case untilEnd
    }

    /// Longer heads are no server's that is worth measuring.
    private static let maxHeadBytes = 65_536

    private var state = State.head
    /// A head, a chunk's size or a trailer that has not arrived whole.
    private var line: [UInt8] = []
    private var status = 0
    private var bodyBytes = 0
    private var isLast = false
    /// The body of the current answer, where it is wanted.
    private(set) var body: [UInt8] = []
    /// Whether bodies are kept in ``body``, until the next answer begins.
    var keepsBody = false
    /// Whether the answer to come has no body, whatever its head says.
    var isHead = false

    /// Whether an answer has begun and not ended.
    var isMidway: Bool {
        if case .head = state { return !line.isEmpty }
        return true
    }

    /// Takes bytes from `position` on, until an answer is complete or they are used up.
    /// - Returns: the complete answer, nil where more bytes are needed.
    mutating func next(_ bytes: Span<UInt8>, _ position: inout Int) throws(Malformed) -> Response? {
        while position < bytes.count {
            switch state {
            case .head:
                guard try takeHead(bytes, &position) else { return nil }
                if let response = finishIfEmpty() { return response }
            case .body(let remaining):
                let count = take(remaining, bytes, &position)
                if count == remaining { return finish() }
                state = .body(remaining: remaining - count)
            case .chunkSize:
                guard takeLine(bytes, &position) else { return nil }
                let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 13 && $0 != UInt8(ascii: " ") }
                guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0 else {
                    throw Malformed(description: "a chunk without a size")
                }
                line.removeAll(keepingCapacity: true)
                // The line break behind the data is read with it.
                state = size == 0 ? .trailers : .chunkData(remaining: size + 2)
            case .chunkData(let remaining):
                let wanted = max(0, remaining - 2)
                let data = take(wanted, bytes, &position)
                let breaks = data == wanted ? min(remaining - data, bytes.count - position) : 0
                position += breaks
                let left = remaining - data - breaks
                state = left == 0 ? .chunkSize : .chunkData(remaining: left)
            case .trailers:
                guard takeLine(bytes, &position) else { return nil }
                let isEnd = line == [13, 10] || line == [10]
                line.removeAll(keepingCapacity: true)
                if isEnd { return finish() }
            case .untilEnd:
                _ = take(.max, bytes, &position)
            }
        }
        return nil
    }

    /// The connection has ended: the answer that only its end delimits is complete.
    mutating func end() -> Response? {
        guard case .untilEnd = state else { return nil }
        return finish()
    }

    private mutating func finish() -> Response {
        state = .head
        return Response(status: status, bodyBytes: bodyBytes, isLast: isLast)
    }

    private mutating func take(_ wanted: Int, _ bytes: Span<UInt8>, _ position: inout Int) -> Int {
        let count = min(wanted, bytes.count - position)
        if keepsBody {
            for offset in position..<(position + count) { body.append(bytes[offset]) }
        }
        bodyBytes += count
        position += count
        return count
    }

    // MARK: Heads

    /// Whether a head is complete; the state then says what follows it.
    private mutating func takeHead(_ bytes: Span<UInt8>, _ position: inout Int) throws(Malformed) -> Bool {
        let rest = bytes.extracting(position...)
        if line.isEmpty, let length = ResponseScanner.endOfHead(rest) {
            // The common case: a head in one piece is read where it lies.
            try readHead(rest.extracting(first: length))
            position += length
            return true
        }
        while position < bytes.count {
            line.append(bytes[position])
            position += 1
            guard line.count <= ResponseScanner.maxHeadBytes else { throw Malformed(description: "a head without an end") }
            let count = line.count
            guard count >= 4, line[count - 1] == 10, line[count - 2] == 13, line[count - 3] == 10, line[count - 4] == 13 else { continue }
            let head = line
            line.removeAll(keepingCapacity: true)
            try readHead(head.span)
            return true
        }
        return false
    }

    private static func endOfHead(_ bytes: Span<UInt8>) -> Int? {
        var index = 3
        while index < bytes.count {
            switch bytes[index] {
            case 10:
                let isEnd =
                    bytes[index - 1] == 13 && bytes[index - 2] == 10 && bytes[index - 3] == 13
                if isEnd { return index + 1 }
                // Two bytes before the earliest end that could follow.
                index += 2
            case 13: index += 1
            default: index += 4
            }
            // A stride of four may step into the middle of CR LF CR LF, never over all of it.
        }
        return nil
    }

    private mutating func readHead(_ head: Span<UInt8>) throws(Malformed) {
        // "HTTP/1.1 200"
        guard head.count >= 16, ResponseScanner.has("HTTP/1.", head, at: 0) else { throw Malformed(description: "no status line") }
        var number = 0
        for offset in 9..<12 {
            let digit = head[offset] &- 48
            guard digit < 10 else { throw Malformed(description: "no status") }
            number = number * 10 + Int(digit)
        }
        status = number
        bodyBytes = 0
        body.removeAll(keepingCapacity: true)
        isLast = head[7] == UInt8(ascii: "0")
        var length: Int?
        var isChunked = false
        var start = ResponseScanner.endOfLine(head, from: 0)
        while start < head.count {
            let end = ResponseScanner.endOfLine(head, from: start)
            switch head[start] | 0x20 {
            case UInt8(ascii: "c"):
                if ResponseScanner.has("content-length:", head, at: start) {
                    length = try ResponseScanner.number(head, from: start + 15, to: end)
                } else if ResponseScanner.has("connection:", head, at: start) {
                    isLast = ResponseScanner.contains("close", head, from: start + 11, to: end)
                }
            case UInt8(ascii: "t"):
                if ResponseScanner.has("transfer-encoding:", head, at: start) {
                    isChunked = ResponseScanner.contains("chunked", head, from: start + 18, to: end)
                }
            default: break
            }
            start = end
        }
        let isBodiless = isHead || status < 200 || status == 204 || status == 304
        if isBodiless {
            state = .body(remaining: 0)
        } else if isChunked {
            state = .chunkSize
        } else if let length {
            state = .body(remaining: length)
        } else {
            state = .untilEnd
            isLast = true
        }
    }

    private mutating func finishIfEmpty() -> Response? {
        guard case .body(remaining: 0) = state else { return nil }
        guard status >= 200 else {
            // 100 Continue is no answer.
            state = .head
            return nil
        }
        return finish()
    }

    /// Keeps a line that may arrive in pieces; true once it is whole.
    private mutating func takeLine(_ bytes: Span<UInt8>, _ position: inout Int) -> Bool {
        while position < bytes.count {
            let byte = bytes[position]
            line.append(byte)
            position += 1
            if byte == 10 { return true }
        }
        return false
    }

    /// Behind the next line break.
    private static func endOfLine(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.count, bytes[index] != 10 { index += 1 }
        return min(index + 1, bytes.count)
    }

    /// - Parameter text: in lower case.
    private static func has(_ text: StaticString, _ bytes: Span<UInt8>, at start: Int) -> Bool {
        guard start + text.utf8CodeUnitCount <= bytes.count else { return false }
        return text.withUTF8Buffer { text in
            for offset in text.indices where bytes[start + offset] | 0x20 != text[offset] | 0x20 { return false }
            return true
        }
    }

    private static func contains(_ text: StaticString, _ bytes: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        var index = start
        while index + text.utf8CodeUnitCount <= end {
            if has(text, bytes, at: index) { return true }
            index += 1
        }
        return false
    }

    private static func number(_ bytes: Span<UInt8>, from start: Int, to end: Int) throws(Malformed) -> Int {
        var number = 0
        var digits = 0
        for index in start..<end {
            let byte = bytes[index]
            if byte == 32 || byte == 9 || byte == 13 || byte == 10 { continue }
            guard byte &- 48 < 10, digits < 15 else { throw Malformed(description: "a Content-Length that is no number") }
            number = number * 10 + Int(byte - 48)
            digits += 1
        }
        guard digits > 0 else { throw Malformed(description: "an empty Content-Length") }
        return number
    }
}
