// The form of an upload as it arrives: one part, named `file`. Everything else in it is a fault, and all faults are told at once,
// at the end. Loop-bound; used by the request's handler.

import Reactor

/// Reads a multipart form with a file in it, which is handed out piece by piece and never held.
final class UploadForm: StreamedBody {
    private static let file = Field.file("file", description: "At most MAX_UPLOAD_BYTES; \(FileKind.extensions)")
    static let schema = ObjectSchema("UploadForm", file)
    static let encoding = BodyEncoding.multipart

    private let form: MultipartForm
    private var validation = Validation(at: ["body"])
    private var hasFile = false
    private var isInFile = false

    /// Looks at the head of the request; nothing is read.
    /// - Throws: as ``MultipartForm/init(_:)``.
    init(_ context: RequestContext) throws(APIError) {
        form = try MultipartForm(context)
    }

    /// Reads up to the file.
    /// - Returns: what its sender calls it.
    /// - Throws: 422 where there is none, or something beside it; `MultipartError`, `HTTPBodyError`.
    func openFile() async throws -> Text {
        while let event = try await form.next() {
            // After a fault the rest is only looked through for others.
            if case .part(let part) = event, let filename = begin(part), validation.faults.isEmpty {
                isInFile = true
                return filename
            }
        }
        if !hasFile { report(.missing, at: Text(Self.file.name)) }
        try validation.finish()
        throw APIError.internalError
    }

    /// The file's next bytes; nil when the whole form has arrived and nothing is wrong with it.
    func next() async throws -> [UInt8]? {
        while let event = try await form.next() {
            if let bytes = bytes(of: event) { return bytes }
        }
        try validation.finish()
        return nil
    }

    /// What of an event is the file's. Not inlined: Swift 6.3.1's optimiser crashes over the coroutine above with this inside.
    @inline(never)
    private func bytes(of event: MultipartEvent) -> [UInt8]? {
        switch event {
        case .data(let bytes): return isInFile ? bytes : nil
        case .part(let part): _ = begin(part)
        case .partEnd: isInFile = false
        case .end, .needMore: break
        }
        return nil
    }

    /// - Returns: the filename of a part that is the file.
    private func begin(_ part: MultipartPart) -> Text? {
        guard part.name == Self.file.name else {
            report(.extraForbidden, at: part.name)
            return nil
        }
        guard !hasFile else {
            report(.valueError("only one file is accepted"), at: part.name)
            return nil
        }
        hasFile = true
        guard let filename = part.filename else {
            report(.valueError("expected a file"), at: part.name)
            return nil
        }
        // What a browser sends where no file was chosen.
        guard !filename.isEmpty else {
            report(.valueError("the file has no name"), at: part.name)
            return nil
        }
        return filename
    }

    private func report(_ kind: FaultKind, at name: Text) {
        validation.at(.name(name)) { $0.report(kind, input: nil) }
    }
}
