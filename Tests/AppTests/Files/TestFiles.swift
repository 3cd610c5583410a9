// Files of every type that is accepted, as small as they can be and still be known for what they are; and the forms that they are
// sent in. Values; any thread.

@testable import App
import TestSupport

/// Contents.
enum TestFiles {
    static let text = Array("Grüße\n".utf8)
    static let pdf = Array("%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n".utf8)
    static let gif: [UInt8] = Array("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x3B]
    static let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0, 0, 16] + Array("JFIF".utf8) + [0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0xFF, 0xD9]
    static let png: [UInt8] =
        [0x89] + Array("PNG\r\n".utf8) + [0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8)
        + [0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1F, 0x15, 0xC4, 0x89]
    static let doc = ole(stream: "WordDocument")
    static let docx = zip(["[Content_Types].xml", "_rels/.rels", "word/document.xml"])

    /// A zip archive of small entries, not compressed.
    static func zip(_ names: [String]) -> [UInt8] {
        var archive: [UInt8] = []
        var directory: [UInt8] = []
        for name in names {
            let content = Array("<x/>".utf8)
            let common =
                [20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x50, 0, 0, 0, 0] + little(content.count, 4) + little(content.count, 4)
                + little(name.utf8.count, 2) + [0, 0]
            directory += [0x50, 0x4B, 1, 2, 20, 0] + common + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0] + little(archive.count, 4) + Array(name.utf8)
            archive += [0x50, 0x4B, 3, 4] + common + Array(name.utf8) + content
        }
        let end = [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + little(names.count, 2) + little(names.count, 2)
        return archive + directory + end + little(directory.count, 4) + little(archive.count, 4) + [0, 0]
    }

    /// An OLE compound file (MS-CFB) with one stream: a header, a sector of the allocation table, padding, and the directory last,
    /// where Word puts it.
    static func ole(stream: String, padding sectors: Int = 0) -> [UInt8] {
        let directory = 1 + sectors
        var header: [UInt8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1] + zeros(16)
        header += little(0x3E, 2) + little(3, 2) + little(0xFFFE, 2) + little(9, 2) + little(6, 2) + zeros(6)
        header += little(0, 4) + little(1, 4) + little(directory, 4) + little(0, 4) + little(4_096, 4)
        header += end + little(0, 4) + end + little(0, 4) + little(0, 4) + [UInt8](repeating: 0xFF, count: 432)
        var table = little(0xFFFF_FFFD, 4)
        for sector in 1..<128 { table += sector < sectors ? little(sector + 1, 4) : sector <= directory ? end : little(0xFFFF_FFFF, 4) }
        let content = [UInt8](repeating: 7, count: sectors * 512)
        let entries =
            entry("Root Entry", type: 5, child: 1, start: 0xFFFF_FFFE, size: 0)
            + entry(stream, type: 2, child: 0xFFFF_FFFF, start: sectors > 0 ? 1 : 0xFFFF_FFFE, size: content.count)
            + entry("", type: 0, child: 0xFFFF_FFFF, start: 0, size: 0) + entry("", type: 0, child: 0xFFFF_FFFF, start: 0, size: 0)
        return header + table + content + entries
    }

    private static let end = little(0xFFFF_FFFE, 4)

    private static func entry(_ name: String, type: UInt8, child: Int, start: Int, size: Int) -> [UInt8] {
        let characters = name.utf16.flatMap { little(Int($0), 2) }
        var entry = characters + zeros(64 - characters.count)
        entry += little(name.isEmpty ? 0 : characters.count + 2, 2) + [type, 1]
        entry += little(0xFFFF_FFFF, 4) + little(0xFFFF_FFFF, 4) + little(child, 4) + zeros(36)
        return entry + little(start, 4) + little(size, 8)
    }

    private static func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}

/// A multipart form.
struct TestForm {
    static let boundary = "----test-boundary"
    static let contentType = "multipart/form-data; boundary=\(boundary)"

    private(set) var bytes: [UInt8] = []

    /// A part that is a file.
    func file(_ filename: String, _ content: [UInt8], field: String = "file", type: String = "application/x-lie") -> TestForm {
        part("name=\"\(field)\"; filename=\"\(filename)\"\r\nContent-Type: \(type)", content)
    }

    /// A part that is a field.
    func field(_ name: String, _ value: String) -> TestForm {
        part("name=\"\(name)\"", Array(value.utf8))
    }

    /// - Parameter parameters: of its Content-Disposition, and what other fields follow.
    func part(_ parameters: String, _ content: [UInt8]) -> TestForm {
        var form = self
        form.bytes += Array("--\(TestForm.boundary)\r\nContent-Disposition: form-data; \(parameters)\r\n\r\n".utf8) + content + [13, 10]
        return form
    }

    var body: [UInt8] { bytes + Array("--\(TestForm.boundary)--\r\n".utf8) }
}

extension TestClient {
    func upload(_ form: TestForm, to target: String = "/upload") async throws -> HTTPTestResponse {
        try await send("POST", target, ["Content-Type": TestForm.contentType], form.body)
    }

    func upload(_ filename: String, _ content: [UInt8]) async throws -> HTTPTestResponse {
        try await upload(TestForm().file(filename, content))
    }

    /// A request for a connection of the test's own.
    func uploadRequest(_ form: TestForm) -> [UInt8] {
        HTTPTestClient.serialize(
            "POST", "/upload", [("Content-Type", TestForm.contentType), ("Authorization", "Bearer \(token ?? "")")], form.body, host: "test"
        )
    }
}
