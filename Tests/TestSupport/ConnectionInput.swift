// Everything that one client sends, read without a connection: heads and bodies, one request after another, as the server's
// intake reads them. Pure: pieces in, requests and a verdict out. HTTPParserProbe compiles this file too, through a link.

public import Reactor

/// A connection's input in the making.
public struct ConnectionInput: Sendable {
    /// A request whose head was accepted.
    public struct Request: Sendable, Hashable {
        public var method: HTTPMethod
        public var target: [UInt8]
        public var minorVersion: Int
        public var fields: [Field] = []
        public var isKeepAlive: Bool
        /// The decoded body, as far as it has come.
        public var body: [UInt8] = []
        /// Whether the body has come to its end.
        public var isWhole = false
    }

    public struct Field: Sendable, Hashable {
        public var name: [UInt8]
        public var value: [UInt8]
    }

    /// How the input ends.
    public enum Ending: Sendable, Hashable {
        /// Between two requests.
        case complete
        /// In the middle of one.
        case needMore
        /// After a request that asked for the connection's end: what follows is not read.
        case closed
        case refused(status: Int)
    }

    /// What a client can tell from the outside, and so what must not depend on how its bytes were cut.
    public struct Verdict: Sendable, Hashable {
        public var requests: [Request]
        public var ending: Ending
    }

    public private(set) var requests: [Request] = []
    /// Why the input was refused.
    public private(set) var error: HTTPParseError?
    /// What the parser promised and did not keep: a range past its head, bytes consumed that were not there.
    public private(set) var faults: [String] = []

    private enum Stage {
        case head
        case body(remaining: Int)
        case chunks(ChunkedDecoder)
        case closed
        case refused
    }

    private let limits: HTTPLimits
    private var parser: HTTPHeadParser
    private var stage = Stage.head
    /// What has come and could not be used yet.
    private var pending: [UInt8] = []

    public init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        parser = HTTPHeadParser(limits: limits)
    }

    /// Reads `bytes` in the pieces that `cuts`, ascending offsets, divide them into.
    public init(_ bytes: [UInt8], cutAt cuts: some Sequence<Int> = EmptyCollection(), limits: HTTPLimits = HTTPLimits()) {
        self.init(limits: limits)
        var start = 0
        for cut in cuts {
            receive(bytes[start..<cut])
            start = cut
        }
        receive(bytes[start...])
    }

    public var verdict: Verdict { Verdict(requests: requests, ending: ending) }

    public var ending: Ending {
        switch stage {
        case .head: pending.isEmpty ? .complete : .needMore
        case .body, .chunks: .needMore
        case .closed: .closed
        case .refused: .refused(status: error?.status.code ?? 0)
        }
    }

    /// Takes the next piece in.
    public mutating func receive(_ piece: ArraySlice<UInt8>) {
        switch stage {
        case .closed, .refused: return
        case .head, .body, .chunks: break
        }
        let bytes = pending + piece
        let consumed = read(bytes)
        pending = consumed == 0 ? bytes : Array(bytes[consumed...])
    }

    /// Reads on until more is needed, and returns how much was used.
    private mutating func read(_ bytes: [UInt8]) -> Int {
        var position = 0
        do {
            while position < bytes.count {
                switch stage {
                case .head:
                    guard let length = try parser.parse(bytes.span.bytes.extracting(position...)) else { return position }
                    expect(length > 0 && length <= bytes.count - position, "a head of \(length) of \(bytes.count - position) bytes")
                    accept(Array(bytes[position..<position + length]))
                    position += length
                case .body(let remaining):
                    let count = min(remaining, bytes.count - position)
                    append(bytes[position..<position + count])
                    position += count
                    if count == remaining { finishRequest() } else { stage = .body(remaining: remaining - count) }
                case .chunks(var decoder):
                    let rest = bytes.count - position
                    let event = try decoder.next(bytes.span.bytes.extracting(position...))
                    stage = .chunks(decoder)
                    switch event {
                    case .needMore(let consumed):
                        expect(consumed == rest, "more is needed, and \(consumed) of \(rest) bytes were used")
                        return bytes.count
                    case .data(let range, let consumed):
                        expect(range.lowerBound >= 0 && range.upperBound <= consumed && consumed <= rest, "data \(range) of \(rest) bytes")
                        append(bytes[position + range.lowerBound..<position + range.upperBound])
                        position += consumed
                    case .end(let consumed):
                        expect(consumed > 0 && consumed <= rest, "an end after \(consumed) of \(rest) bytes")
                        position += consumed
                        finishRequest()
                    }
                case .closed, .refused:
                    return bytes.count
                }
            }
        } catch {
            self.error = error
            stage = .refused
            return bytes.count
        }
        return position
    }

    private mutating func accept(_ bytes: [UInt8]) {
        let head = parser.head
        checkRanges(of: head, in: bytes)
        guard faults.isEmpty else { return stage = .closed }
        requests.append(
            Request(
                method: head.method, target: Array(bytes[head.target]), minorVersion: head.minorVersion,
                fields: head.fields.map { Field(name: Array(bytes[$0.name]), value: Array(bytes[$0.value])) },
                isKeepAlive: head.isKeepAlive))
        parser.reset()
        switch head.framing {
        case .none, .contentLength(0): finishRequest()
        case .contentLength(let length): stage = .body(remaining: length)
        case .chunked: stage = .chunks(ChunkedDecoder(limits: limits))
        }
    }

    /// Every range lies within the head, in the order in which the parts stand there.
    private mutating func checkRanges(of head: HTTPRequestHead, in bytes: [UInt8]) {
        let target = head.target
        expect(target.lowerBound > 0 && !target.isEmpty && target.upperBound < bytes.count, "target \(target) of \(bytes.count)")
        expect(head.path.lowerBound >= target.lowerBound && head.path.upperBound <= target.upperBound, "path \(head.path) in \(target)")
        let begins = head.path.isEmpty ? 0 : bytes[head.path.lowerBound]
        expect(begins == UInt8(ascii: "/") || begins == UInt8(ascii: "*"), "a path that begins with \(begins)")
        if let query = head.query {
            expect(query.upperBound == target.upperBound && bytes[query.lowerBound - 1] == UInt8(ascii: "?"), "query \(query) in \(target)")
        }
        var end = target.upperBound
        for field in head.fields {
            let (name, value) = (field.name, field.value)
            expect(
                name.lowerBound > end && !name.isEmpty && value.lowerBound > name.upperBound && value.upperBound < bytes.count,
                "field \(name), \(value) behind \(end) of \(bytes.count)")
            end = value.upperBound
        }
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>) {
        requests[requests.count - 1].body += bytes
    }

    private mutating func finishRequest() {
        requests[requests.count - 1].isWhole = true
        stage = requests[requests.count - 1].isKeepAlive ? .head : .closed
    }

    private mutating func expect(_ condition: Bool, _ fault: @autoclosure () -> String) {
        if !condition { faults.append(fault()) }
    }
}
