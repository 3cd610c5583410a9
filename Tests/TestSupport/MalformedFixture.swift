// The requests of Tests/Fixtures/malformed.jsonl; Tests/Fixtures/README.md says how a line is read.

import FoundationEssentials

/// One input, and what may become of it.
public struct MalformedFixture: Sendable {
    public var name: String
    /// With a path and a host in the place of `@PATH@` and `@HOST@`.
    public var bytes: [UInt8]
    /// The alternatives of `expect`.
    public var alternatives: [String]

    private struct Line: Decodable {
        var name: String
        var bytes: String
        var expect: String

        private enum CodingKeys: String, CodingKey {
            case name
            case bytes = "raw_b64"
            case expect
        }
    }

    private struct Unreadable: Error {
        var line: String
    }

    public static func all() throws -> [MalformedFixture] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: tests.appending(path: "Fixtures/malformed.jsonl"), encoding: .utf8)
        return try text.split(separator: "\n").map { text in
            let line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
            guard let bytes = Data(base64Encoded: line.bytes) else { throw Unreadable(line: line.name) }
            return MalformedFixture(
                name: line.name,
                bytes: [UInt8](bytes).replacing(Array("@PATH@".utf8), with: Array("/upload".utf8))
                    .replacing(Array("@HOST@".utf8), with: Array("localhost".utf8)),
                alternatives: line.expect.split(separator: "|").map(String.init))
        }
    }
}
