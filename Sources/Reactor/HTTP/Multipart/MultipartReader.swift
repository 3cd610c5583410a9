// A request's body as a multipart form, part by part, as it arrives. Owns the piece of the body that is being parsed. Loop-bound,
// used by the request's handler.

/// Reads a multipart body.
public final class MultipartReader {
    private let body: HTTPRequestBody
    private let maxBytes: Int
    private var parser: MultipartParser
    private var piece: [UInt8] = []
    private var position = 0
    private var bytesRead = 0

    /// - Parameter maxBytes: of the body, with everything in it.
    public init(_ body: HTTPRequestBody, boundary: MultipartBoundary, maxBytes: Int, limits: MultipartLimits = MultipartLimits()) {
        self.body = body
        self.maxBytes = maxBytes
        parser = MultipartParser(boundary: boundary, limits: limits)
    }

    /// The next event, never ``MultipartEvent/needMore``; nil at the body's end, when nothing was wrong with it. Suspends until
    /// the client has sent enough.
    /// - Throws: ``MultipartError``; ``HTTPBodyError``, of which ``HTTPBodyError/tooLarge(limit:)`` means `maxBytes`.
    public func next() async throws -> MultipartEvent? {
        while true {
            let event = try parse()
            if event != .needMore { return event }
            guard let bytes = try await body.next() else {
                try parser.finish()
                return nil
            }
            guard bytes.count <= maxBytes - bytesRead else { throw HTTPBodyError.tooLarge(limit: maxBytes) }
            bytesRead += bytes.count
            piece = bytes
            position = 0
        }
    }

    private func parse() throws(MultipartError) -> MultipartEvent {
        let piece = self.piece
        return try parser.next(piece.span.bytes, at: &position)
    }
}
