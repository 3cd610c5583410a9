// Files: the model, and its requests, answers and errors. Values; any thread.

import Actors
import Reactor

/// An uploaded file: a row of `files`.
struct FileItem: Sendable, Hashable {
    let id: FileID
    let ownerID: Int64
    /// Unique among its owner's.
    let filename: Text
    /// What its content is.
    let contentType: String
    let sizeBytes: Int64
    /// In hexadecimal.
    let sha256: String
    /// Unique among its owner's, too: lists are paged by it.
    let createdAt: Timestamp

    /// Where its owner downloads it. Where it lies on disk is nobody's business.
    var path: String { "/download/\(FileName.pathSegment(filename))" }
}

/// Which file is meant.
enum FileSelector: Sendable, Hashable {
    case id(FileID)
    /// One's own of that name.
    case name(Text)
}

// MARK: - Requests

struct ListFilesQuery: RequestQuery {
    let page: PageRequest
    /// Whose; nil is one's own.
    let ownerID: Int64?

    private static let paging = PageRequest.Fields()
    private static let owner = Field.integer("owner_id", 1..., description: "Whose files; another's for administrators only").omittable()
    static let schema = ObjectSchema("FileListQuery", unknownMembers: .ignored, paging.skip, paging.limit, paging.cursor, owner)

    init(_ values: ObjectValues) {
        page = PageRequest(values, Self.paging)
        ownerID = values[Self.owner].map(Int64.init)
    }
}

// MARK: - Answers

struct FileResponse: ResponseObject {
    let file: FileItem

    static let schema = ResponseSchema<FileResponse>(
        "FileResponse",
        .property("id", format: "uuid") { $0.file.id.text },
        .property("filename") { $0.file.filename },
        .property("file_path", description: "Where to download it") { $0.file.path },
        .property("file_size", description: "In bytes") { $0.file.sizeBytes },
        .property("content_type", description: "What its content is, whatever was claimed") { $0.file.contentType },
        .property("sha256") { $0.file.sha256 },
        .property("owner_id") { $0.file.ownerID },
        .property("created_at") { $0.file.createdAt })
}

struct UploadResponse: ResponseObject {
    let file: FileItem

    static let schema = ResponseSchema<UploadResponse>(
        "UploadResponse",
        .property("id", format: "uuid") { $0.file.id.text },
        .property("filename", description: "Another one than was sent, where that one is taken") { $0.file.filename },
        .property("file_path", description: "Where to download it") { $0.file.path },
        .property("file_size", description: "In bytes") { $0.file.sizeBytes },
        .property("content_type", description: "What its content is, whatever was claimed") { $0.file.contentType },
        .property("sha256") { $0.file.sha256 },
        .property("message") { _ in "File uploaded successfully" })
}

// MARK: - Errors

extension APIError {
    static let fileNotFound = APIError(.notFound, code: "FILE_NOT_FOUND", "File not found")
    static let fileTypeNotAllowed = APIError(
        .unsupportedMediaType, code: "FILE_TYPE_NOT_ALLOWED", "File type not allowed; allowed are \(FileKind.extensions)")
    static let fileContentMismatch = APIError(
        .unsupportedMediaType, code: "FILE_CONTENT_MISMATCH", "The file's content is not what its extension says")
    static let fileTooLarge = APIError(.contentTooLarge, code: "FILE_TOO_LARGE", "The file is too large")
    static let uploadQuotaExceeded = APIError(
        .insufficientStorage, code: "UPLOAD_QUOTA_EXCEEDED", "Your files take as much space as they may")
    static let storageFull = APIError(.insufficientStorage, code: "STORAGE_FULL", "There is no space left for the file")
    static let fileChanged = APIError(.preconditionFailed, code: "PRECONDITION_FAILED", "The file is another one")

    /// 416 says how long the file is (RFC 9110 15.5.17).
    static func rangeNotSatisfiable(sizeBytes: Int64) -> APIError {
        APIError(
            .rangeNotSatisfiable, code: "RANGE_NOT_SATISFIABLE", "The file is shorter than that",
            headers: [HeaderField(name: "Content-Range", value: "bytes */\(sizeBytes)")])
    }

    /// 400, as Starlette has it: the body cannot be taken apart, so no field of it can be blamed.
    static func malformedMultipart(_ error: MultipartError) -> APIError {
        APIError(.badRequest, code: "MULTIPART_INVALID", "The form could not be read: \(error.reason)")
    }

    static func fileStore(_ error: FileStoreError) -> APIError {
        switch error {
        case .tooLarge: .fileTooLarge
        case .diskFull: .storageFull
        case .notFound: .fileNotFound
        case .failed: .internalError
        }
    }
}

extension MultipartError {
    /// For the client, whose body it is.
    fileprivate var reason: String {
        switch self {
        case .missingBoundary: "the Content-Type names no boundary"
        case .invalidBoundary: "the boundary is not valid"
        case .invalidDelimiter: "a delimiter is followed by something else than the end of its line"
        case .unexpectedEnd: "the last delimiter is missing"
        case .tooManyParts: "there are too many parts"
        case .preambleTooLarge: "there is too much before the first delimiter"
        case .epilogueTooLarge: "there is too much behind the last delimiter"
        case .partHeaderTooLarge, .tooManyPartHeaderFields: "a part's header section is too large"
        case .invalidPartHeader: "a part's header section is malformed"
        case .invalidDisposition: "a part's Content-Disposition is malformed"
        case .missingName: "a part has no name"
        case .nameTooLong: "a part's name is too long"
        case .filenameTooLong: "a filename is too long"
        case .invalidEncoding: "a name is not UTF-8"
        case .unsupportedTransferEncoding: "a part has a Content-Transfer-Encoding"
        case .nestedMultipart: "a part is a multipart body itself"
        }
    }
}
