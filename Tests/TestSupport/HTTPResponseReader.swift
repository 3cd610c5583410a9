// Bytes -> responses, for the test client: written without a line of the server's own parser, so that they cannot agree on a
// mistake. Pure.

/// Takes responses off a stream of bytes.
public struct HTTPResponseReader {
    public struct Malformed: Error, CustomStringConvertible {
        public let description: String
    }

    private var bytes: [UInt8] = []

    public init() {}

    public mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

    public var isEmpty: Bool { bytes.isEmpty }

    /// The next final response, taken off the front; nil while it is not complete. Interim responses are dropped.
    /// - Parameters:
    ///   - isHead: whether the request was HEAD, whose answer has no body whatever it says.
    ///   - isEnded: whether nothing will follow, which delimits a body that nothing else does.
    public mutating func next(isHead: Bool, isEnded: Bool) throws -> HTTPTestResponse? {
        while let headEnd = end(of: [13, 10, 13, 10], from: 0) {
            let lines = String(decoding: bytes[..<(headEnd - 4)], as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
            let words = lines[0].split(separator: " ", maxSplits: 2)
            guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
                throw Malformed(description: "a status line: \(lines[0])")
            }
            guard status >= 200 else {
                bytes.removeFirst(headEnd)
                continue
            }
            let fields = try lines.dropFirst().map { line in
                guard let colon = line.firstIndex(of: ":") else { throw Malformed(description: "a field: \(line)") }
                return (name: String(line[..<colon]), value: String(line[line.index(after: colon)...].drop { $0 == " " }))
            }
            func field(_ name: String) -> String? { fields.first { $0.name.lowercased() == name }?.value }
            let found: (body: [UInt8], end: Int)?
            if isHead || status == 204 || status == 304 {
                found = ([], headEnd)
            } else if field("transfer-encoding")?.lowercased() == "chunked" {
                found = try chunkedBody(from: headEnd)
            } else if let text = field("content-length") {
                guard let length = Int(text) else { throw Malformed(description: "Content-Length: \(text)") }
                found = bytes.count - headEnd >= length ? (Array(bytes[headEnd..<(headEnd + length)]), headEnd + length) : nil
            } else {
                found = isEnded ? (Array(bytes[headEnd...]), bytes.count) : nil
            }
            guard let found else { return nil }
            bytes.removeFirst(found.end)
            return HTTPTestResponse(status: status, fields: fields, body: found.body)
        }
        return nil
    }

    private func chunkedBody(from start: Int) throws -> (body: [UInt8], end: Int)? {
        var body: [UInt8] = []
        var position = start
        while true {
            guard let lineEnd = end(of: [13, 10], from: position) else { return nil }
            let line = String(decoding: bytes[position..<(lineEnd - 2)], as: UTF8.self)
            guard let size = Int(line.prefix { $0 != ";" }, radix: 16) else { throw Malformed(description: "a chunk size: \(line)") }
            if size == 0 {
                // The servers under test send no trailers.
                guard let trailerEnd = end(of: [13, 10], from: lineEnd) else { return nil }
                return (body, trailerEnd)
            }
            guard bytes.count >= lineEnd + size + 2 else { return nil }
            body.append(contentsOf: bytes[lineEnd..<(lineEnd + size)])
            position = lineEnd + size + 2
        }
    }

    /// Behind the first `mark` at or after `start`.
    private func end(of mark: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + mark.count <= bytes.count {
            if bytes[index..<(index + mark.count)].elementsEqual(mark) { return index + mark.count }
            index += 1
        }
        return nil
    }
}
