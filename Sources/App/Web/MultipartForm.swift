// A request's multipart body, part by part as it arrives, with what holds for all of them: the Content-Type, how much there may be,
// and that the request's digest, where it has one, hears of every part. Loop-bound; used while the request is answered.

import Reactor

/// Reads a form that is never held.
final class MultipartForm {
    private let reader: MultipartReader
    private let digest: FormDigest?

    /// Looks at the head of the request; nothing is read.
    /// - Throws: 415 for another Content-Type, 400 for one without a boundary, 413 where the length that is announced is too much
    ///   whatever else is in the form.
    init(_ context: RequestContext) throws(APIError) {
        let request = context.request
        guard let contentType = request.header("content-type") else { throw .unsupportedMediaType }
        _ = try BodyReader.encoding(of: request, among: [.multipart])
        let limits = MultipartLimits()
        let maxBytes = context.services.configuration.files.maxUploadBytes + limits.maxEnvelopeBytes
        if let length = request.body.declaredLength, length > maxBytes { throw .fileTooLarge }
        do throws(MultipartError) {
            reader = MultipartReader(
                request.body, boundary: try MultipartBoundary(contentType: contentType), maxBytes: maxBytes, limits: limits)
        } catch {
            throw .malformedMultipart(error)
        }
        digest = context.formDigest
    }

    /// What comes next; nil when the whole form has arrived.
    /// - Throws: `MultipartError`, `HTTPBodyError`.
    func next() async throws -> MultipartEvent? {
        let event = try await reader.next()
        digest?.take(event)
        return event
    }

    /// Reads what is still to come, for the sake of the digest alone.
    func readToEnd() async throws {
        while try await next() != nil {}
    }
}
