// The types of file that are accepted, by extension and by content: both must say the same. Pure but for `check`, which reads the
// file and runs on the blocking pool.

import Reactor

/// A type of file. What libmagic says decides what it is served as; what the client says decides nothing.
enum FileKind: String, Sendable, CaseIterable {
    case text, pdf, png, jpeg, gif, doc, docx

    /// For messages and the documentation.
    static let extensions = "txt, pdf, png, jpg, jpeg, gif, doc, docx"

    /// Nil for an extension that is not accepted. Case does not count.
    init?(fileExtension: Text) {
        switch fileExtension.lowercasedASCII() {
        case "txt": self = .text
        case "pdf": self = .pdf
        case "png": self = .png
        case "jpg", "jpeg": self = .jpeg
        case "gif": self = .gif
        case "doc": self = .doc
        case "docx": self = .docx
        default: return nil
        }
    }

    var mediaType: String {
        switch self {
        case .text: "text/plain"
        case .pdf: "application/pdf"
        case .png: "image/png"
        case .jpeg: "image/jpeg"
        case .gif: "image/gif"
        case .doc: "application/msword"
        case .docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        }
    }

    /// What libmagic's verdict says about a file that claims to be of this kind.
    enum Verdict: Sendable, Hashable {
        case accepted, refused
        /// It could be; its content must be looked at by ourselves.
        case undecided
    }

    func verdict(onMediaType detected: String) -> Verdict {
        switch self {
        case .pdf, .png, .jpeg, .gif, .doc:
            return detected == mediaType ? .accepted : .refused
        case .docx:
            if detected == mediaType { return .accepted }
            // A zip archive whose entries are not in the order that Word writes them in.
            return detected == "application/zip" || detected == "application/octet-stream" ? .undecided : .refused
        case .text:
            // A source, a mail, a list are texts too. Of a single character libmagic says that it is data.
            let isText = detected.hasPrefix("text/") || detected.hasPrefix("message/") || FileKind.textual.contains(detected)
            return isText ? .undecided : .refused
        }
    }

    private static let textual = [
        "application/json", "application/x-ndjson", "application/javascript", "application/octet-stream", "application/x-empty",
        "inode/x-empty",
    ]

    /// Reads as much of a file as it takes to know. Blocks.
    /// - Throws: `APIError` ``APIError/fileContentMismatch``; `MagicError`, `FileError`.
    func check(_ file: FileReader) throws {
        switch verdict(onMediaType: try MagicDatabase.mediaType(of: file)) {
        case .accepted: return
        case .refused: throw APIError.fileContentMismatch
        case .undecided:
            let isAccepted = self == .text ? try FileKind.isText(file) : try FileKind.isWordDocument(file)
            guard isAccepted else { throw APIError.fileContentMismatch }
        }
    }

    private static let pieceBytes = 65_536

    private static func isText(_ file: FileReader) throws(FileError) -> Bool {
        var scan = TextScan()
        var offset = 0
        while offset < file.sizeBytes {
            let piece = try file.read(offset: offset, count: pieceBytes)
            // Shorter than it was: somebody is at it.
            guard !piece.isEmpty, scan.take(piece) else { return false }
            offset += piece.count
        }
        return scan.isComplete
    }

    private static func isWordDocument(_ file: FileReader) throws(FileError) -> Bool {
        let tail = min(file.sizeBytes, ZipDirectory.maxEndBytes)
        let end = try file.read(offset: file.sizeBytes - tail, count: tail)
        guard let place = ZipDirectory.place(in: end, fileBytes: file.sizeBytes) else { return false }
        let names = ZipDirectory.names(in: try file.read(offset: place.lowerBound, count: place.count))
        return names.contains("[Content_Types].xml") && names.contains("word/document.xml")
    }
}
