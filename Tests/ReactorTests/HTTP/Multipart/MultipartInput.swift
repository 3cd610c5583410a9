// Feeding the multipart parser as a connection would, and remembering what came out. Pure.

import Reactor

/// What a parser made of a body that arrived in pieces.
struct MultipartInput: Equatable {
    struct Part: Equatable {
        var head: MultipartPart
        var content: [UInt8] = []
        var isComplete = false
    }

    var parts: [Part] = []
    /// The last delimiter was seen.
    var hasEnded = false
    /// Nil for a body that was accepted.
    var error: MultipartError?

    /// - Parameter cuts: where the pieces end, ascending.
    init(_ body: [UInt8], boundary: MultipartBoundary, cutAt cuts: [Int] = [], limits: MultipartLimits = MultipartLimits()) {
        var parser = MultipartParser(boundary: boundary, limits: limits)
        do throws(MultipartError) {
            var start = 0
            for end in cuts + [body.count] {
                try feed(Array(body[start..<end]), to: &parser)
                start = end
            }
            try parser.finish()
        } catch {
            self.error = error
        }
    }

    private mutating func feed(_ piece: [UInt8], to parser: inout MultipartParser) throws(MultipartError) {
        var position = 0
        while true {
            switch try parser.next(piece.span.bytes, at: &position) {
            case .needMore: return
            case .part(let head): parts.append(Part(head: head))
            case .data(let bytes): parts[parts.count - 1].content += bytes
            case .partEnd: parts[parts.count - 1].isComplete = true
            case .end: hasEnded = true
            }
        }
    }
}

extension MultipartInput {
    static let boundary: MultipartBoundary = {
        guard let boundary = try? MultipartBoundary("b0undary") else { preconditionFailure("these are eight letters and digits") }
        return boundary
    }()

    /// A text with LF as its line endings, which become CR LF.
    init(_ text: String, cutAt cuts: [Int] = [], limits: MultipartLimits = MultipartLimits()) {
        self.init(MultipartInput.bytes(text), boundary: MultipartInput.boundary, cutAt: cuts, limits: limits)
    }

    static func bytes(_ text: String) -> [UInt8] {
        Array(text.replacing("\n", with: "\r\n").utf8)
    }
}
