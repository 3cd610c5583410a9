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

    /// How files of these kinds begin. What does not is nothing for libmagic: it would go on to look for two hundred kinds of text, and
    /// takes a third of a second for 16 KiB of line breaks.
    private var beginnings: [[UInt8]] {
        switch self {
        case .text: []
        case .pdf: [Array("%PDF-".utf8)]
        case .png: [[0x89, 0x50, 0x4E, 0x47]]
        case .jpeg: [[0xFF, 0xD8, 0xFF]]
        case .gif: [Array("GIF8".utf8)]
        // A compound file, and what Word wrote before there were any.
        case .doc:
            [
                [0xD0, 0xCF, 0x11, 0xE0], [0x31, 0xBE, 0x00, 0x00], [0x50, 0x4F, 0x5E, 0x51], [0xFE, 0x37, 0x00, 0x23],
                [0xDB, 0xA5, 0x2D, 0x00],
            ]
        case .docx: [[0x50, 0x4B, 0x03, 0x04]]
        }
    }

    /// Reads as much of a file as it takes to know. Blocks.
    /// - Throws: `APIError` ``APIError/fileContentMismatch``; `MagicError`, `FileError`.
    func check(_ file: FileReader) throws {
        if self != .text {
            let start = try file.read(offset: 0, count: 8)
            guard beginnings.contains(where: { start.starts(with: $0) }) else { throw APIError.fileContentMismatch }
        }
        // Of a text libmagic gets to see the beginning, by which it knows what is none; all of it is looked at by ourselves, in linear time.
        let detected =
            self == .text
            ? try MagicDatabase.mediaType(of: file.read(offset: 0, count: FileKind.textBeginningBytes))
            : try MagicDatabase.mediaType(of: file)
        switch verdict(onMediaType: detected) {
        case .accepted: return
        case .refused: throw APIError.fileContentMismatch
        case .undecided:
            let isAccepted = self == .text ? try FileKind.isText(file) : try FileKind.isWordDocument(file)
            guard isAccepted else { throw APIError.fileContentMismatch }
        }
    }

    private static let textBeginningBytes = 1_024
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
