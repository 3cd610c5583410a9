// A file as an answer: its header fields, and its bytes as they are read. Values; any thread.

import Actors
import Reactor

/// Answers a download.
enum FileDownload {
    /// The file's content, a part of it, or why not.
    /// - Throws: `APIError` ``APIError/fileChanged``, ``APIError/rangeNotSatisfiable(sizeBytes:)``; `FileStoreError`.
    static func response(_ file: FileItem, to context: RequestContext) async throws -> HTTPResponse {
        let tag = "\"\(file.sha256)\""
        let lastModified = HTTPDate.string(file.createdAt)
        let sizeBytes = Int(clamping: file.sizeBytes)
        let decision = DownloadDecision(conditions(of: context.request), tag: tag, lastModified: lastModified, sizeBytes: sizeBytes)
        var headers: HTTPHeaders = [
            "ETag": tag, "Last-Modified": lastModified, "Accept-Ranges": "bytes",
            // Kept by the browser of whoever may see it, and asked for each time.
            "Cache-Control": "private, no-cache",
        ]
        let range: Range<Int>
        switch decision {
        case .preconditionFailed: throw APIError.fileChanged
        case .unsatisfiable: throw APIError.rangeNotSatisfiable(sizeBytes: file.sizeBytes)
        case .notModified: return HTTPResponse(status: .notModified, headers: headers, body: .empty)
        case .whole: range = 0..<sizeBytes
        case .part(let part):
            range = part
            headers.append("Content-Range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(sizeBytes)")
        }
        headers.append("Content-Type", file.contentType == FileKind.text.mediaType ? "text/plain; charset=utf-8" : file.contentType)
        headers.append("Content-Disposition", Attachment.field(filename: file.filename))
        headers.append("X-Content-Type-Options", "nosniff")
        let content = try await context.services.files.open(file)
        return HTTPResponse(
            status: decision == .whole ? .ok : .partialContent, headers: headers,
            body: .stream(length: range.count) { writer in
                try await content.forEachPiece(of: range) { try await writer.write($0) }
            })
    }

    private static func conditions(of request: HTTPRequest) -> DownloadDecision.Conditions {
        DownloadDecision.Conditions(
            ifMatch: request.header("if-match"), ifNoneMatch: request.header("if-none-match"),
            ifModifiedSince: request.header("if-modified-since"), ifRange: request.header("if-range"),
            range: request.method == .head ? nil : request.header("range"))
    }
}

/// Content-Disposition of a download (RFC 6266). Pure.
enum Attachment {
    /// Both forms: `filename` for old programs, in ASCII, and `filename*` for all others, in UTF-8 (RFC 8187).
    static func field(filename: Text) -> String {
        let plain = filename.unicodeScalars.map { scalar -> Character in
            let isPlain = scalar.value >= 0x20 && scalar.value < 0x7F && scalar != "\"" && scalar != "\\" && scalar != "%"
            return isPlain ? Character(scalar) : "_"
        }
        let extended = FileName.percentEncoded(filename) { "!#$&+-.^_`|~".utf8.contains($0) }
        return "attachment; filename=\"\(String(plain))\"; filename*=UTF-8''\(extended)"
    }
}
