// What a stored file is called on disk. Pure.

import FoundationEssentials
import Reactor

/// A stored file's name: a random UUID in lower case. Nothing that a client sends ever becomes part of a path.
public struct FileID: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    /// A fresh one.
    public init() {
        text = UUID().uuidString.lowercased()
    }

    /// Nil for anything but a UUID: no dots, no slashes.
    public init?(_ text: some StringProtocol) {
        // The length: Foundation reads up to a NUL and is content.
        guard text.utf8.count == 36, let uuid = UUID(uuidString: String(text)) else { return nil }
        self.text = uuid.uuidString.lowercased()
    }

    public var description: String { text }
}

/// The folders below the store's root: 256 of them, by the first two digits of the id, so that none grows unwieldy.
enum FileNaming {
    static func shard(of id: FileID) -> String {
        String(id.text.prefix(2))
    }

    static func directory(root: String, id: FileID) -> String {
        "\(root)/\(shard(of: id))"
    }

    /// A folder's name that this store makes.
    static func isShard(_ name: String) -> Bool {
        name.utf8.count == 2
            && name.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// The stem of a temporary file. The nonce keeps a second attempt at an id apart from what a killed one left behind.
    static func temporaryStem(_ id: FileID, nonce: FileID) -> String {
        "\(id.text).\(nonce.text)"
    }

    /// The stem of a temporary file's name, or nil for any other file.
    static func stem(ofTemporary name: String) -> String? {
        guard name.hasPrefix("."), name.hasSuffix(DurableFile.temporarySuffix) else { return nil }
        return String(name.dropFirst().dropLast(DurableFile.temporarySuffix.count))
    }

    /// Whether a file in a shard is what a killed process left behind.
    /// - Parameters:
    ///   - inProgress: stems that this process is writing.
    ///   - grace: how long another process may take between two writes.
    static func isOrphan(
        _ entry: DurableFile.Entry, inProgress: Set<String>, now: Timestamp, grace: Duration
    ) -> Bool {
        guard !entry.isDirectory, let stem = stem(ofTemporary: entry.name) else { return false }
        return !inProgress.contains(stem) && entry.modifiedAt + grace < now
    }
}
