// What libmagic says of bytes and of files.

import Reactor
import TestSupport
import Testing

@Suite struct MagicDatabaseTests {
    @Test(arguments: [
        ("hello, world\n", "text/plain"), ("%PDF-1.4\n1 0 obj<<>>endobj\n", "application/pdf"),
        ("<!doctype html><html></html>", "text/html"),
        ("GIF89a\u{1}\u{0}\u{1}\u{0}\u{0}\u{0}\u{0};", "image/gif"),
    ])
    func typesAreToldByContent(_ content: String, _ expected: String) async throws {
        try #expect(MagicDatabase.mediaType(of: Array(content.utf8)) == expected)
        try await withTemporaryFolder { folder in
            try DurableFile.write(Array(content.utf8), directory: folder, name: "a.exe")
            try #expect(MagicDatabase.mediaType(of: FileReader(path: "\(folder)/a.exe")) == expected)
        }
    }

    @Test func nothingAndNonsenseHaveATypeToo() throws {
        try #expect(MagicDatabase.mediaType(of: []) == "application/x-empty")
        try #expect(MagicDatabase.mediaType(of: [0, 1, 2, 3, 0xFE, 0xFD]) == "application/octet-stream")
    }

    @Test func aFileThatWasLookedAtIsReadFromItsBeginning() async throws {
        try await withTemporaryFolder { folder in
            try DurableFile.write(Array("hello".utf8), directory: folder, name: "a")
            let file = try FileReader(path: "\(folder)/a")
            for _ in 0..<3 { try #expect(MagicDatabase.mediaType(of: file) == "text/plain") }
            try #expect(file.read(offset: 0, count: 9) == Array("hello".utf8))
        }
    }

    @Test func manyMayAskAtOnce() async throws {
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { try MagicDatabase.mediaType(of: Array("%PDF-1.7\n".utf8)) } }
            for try await type in group { #expect(type == "application/pdf") }
        }
    }
}
