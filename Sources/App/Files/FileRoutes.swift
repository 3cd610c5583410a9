// /upload, /files, /download, /delete: what they serve, and how HTTP maps to FileService.

import Actors
import Reactor

/// Files, mounted at the root and under /api/v1.
enum FileRoutes {
    private static let downloadNote = """
        The bytes, as an attachment. `Range` with one range is answered 206 (several are answered as none), `If-None-Match` 304, \
        `If-Range` is looked at.
        """

    static var group: RouteGroup {
        RouteGroup(tag: "Files") { routes in
            routes.post(
                "/upload", summary: "Upload a file",
                description: "A name that is taken becomes another one: `report (2).pdf`. Nothing is overwritten.", status: .created,
                errors: [
                    .malformedMultipart(.unexpectedEnd), .fileTooLarge, .fileTypeNotAllowed, .fileContentMismatch, .uploadQuotaExceeded,
                    .storageFull,
                ],
                access: .user, limit: .strict, handler: upload)
            routes.get(
                "/files", summary: "List files", description: "One's own, newest first.", errors: [.adminRequired], access: .user,
                limit: .moderate, handler: list)
            routes.get(
                "/files/{file_id:uuid}", summary: "Get a file's description", errors: [.fileNotFound], access: .user, limit: .moderate,
                handler: find)
            routes.get(
                "/files/{file_id:uuid}/content", summary: "Download a file by its id", description: downloadNote, produces: "*/*",
                errors: downloadErrors, access: .user, limit: .moderate, otherStatuses: [.partialContent], handler: downloadByID)
            routes.delete(
                "/files/{file_id:uuid}", summary: "Delete a file by its id", errors: [.fileNotFound], access: .user, limit: .strict,
                handler: deleteByID)
            routes.get(
                "/download/{filename}", summary: "Download a file", description: downloadNote, produces: "*/*", errors: downloadErrors,
                access: .user, limit: .moderate, otherStatuses: [.partialContent], handler: downloadByName)
            routes.delete(
                "/delete/{filename}", summary: "Delete a file", errors: [.fileNotFound], access: .user, limit: .strict,
                handler: deleteByName)
        }
    }

    private static var downloadErrors: [APIError] { [.fileNotFound, .fileChanged, .rangeNotSatisfiable(sizeBytes: 0)] }

    @Sendable private static func upload(_ context: RequestContext, _ form: UploadForm) async throws -> UploadResponse {
        let name = try await form.openFile()
        let file = try await context.services.files.upload(named: name, for: try context.user, from: context.origin) {
            try await form.next()
        }
        return UploadResponse(file: file)
    }

    @Sendable private static func list(_ context: RequestContext, _ query: ListFilesQuery) async throws -> Reply<[FileResponse]> {
        let page = try await context.services.files.list(query, for: try context.user)
        // Behind a cursor nobody knows how many are left: a full page may be followed by an empty one.
        let mayGoOn = page.files.count == query.page.limit && (query.page.cursor != nil || query.page.skip + page.files.count < page.total)
        let next = mayGoOn ? page.files.last.map { Cursor(id: $0.createdAt.microseconds) } : nil
        if let next { context.answerHeaders.append(HeaderField(name: "X-Next-Cursor", value: next.token)) }
        return .page(
            page.files.map(FileResponse.init), total: page.total, query.page, of: context,
            nextCursor: query.page.cursor == nil ? nil : next)
    }

    @Sendable private static func find(_ context: RequestContext) async throws -> FileResponse {
        FileResponse(file: try await context.services.files.find(try id(in: context), for: try context.user))
    }

    @Sendable private static func downloadByID(_ context: RequestContext) async throws -> HTTPResponse {
        try await download(try id(in: context), context)
    }

    @Sendable private static func downloadByName(_ context: RequestContext) async throws -> HTTPResponse {
        try await download(.name(try context.path.text("filename")), context)
    }

    @Sendable private static func deleteByID(_ context: RequestContext) async throws -> Message {
        try await delete(try id(in: context), context)
    }

    @Sendable private static func deleteByName(_ context: RequestContext) async throws -> Message {
        try await delete(.name(try context.path.text("filename")), context)
    }

    private static func download(_ selector: FileSelector, _ context: RequestContext) async throws -> HTTPResponse {
        let file = try await context.services.files.find(selector, for: try context.user)
        return try await FileDownload.response(file, to: context)
    }

    private static func delete(_ selector: FileSelector, _ context: RequestContext) async throws -> Message {
        try await context.services.files.delete(selector, for: try context.user, from: context.origin)
        return Message("File deleted successfully")
    }

    private static func id(in context: RequestContext) throws(APIError) -> FileSelector {
        guard let id = FileID(try context.path.uuid("file_id")) else { throw .fileNotFound }
        return .id(id)
    }
}
