// Looking through the store's folder: for what killed processes left half written, and for which files there are. Lives on the
// store's loop; the disk is touched on the blocking pool only.

public import Reactor

/// One of the folders that a store's files are spread over.
public struct FileShard: Sendable, Hashable, CaseIterable {
    public static let allCases = (0..<256).map { FileShard(number: UInt8($0)) }

    /// The first two digits of the ids in it.
    public let prefix: String

    private init(number: UInt8) {
        prefix = (number < 16 ? "0" : "") + String(number, radix: 16)
    }

    /// The least and the greatest id that it can hold.
    public var bounds: (first: String, last: String) {
        ("\(prefix)000000-0000-0000-0000-000000000000", "\(prefix)ffffff-ffff-ffff-ffff-ffffffffffff")
    }
}

extension FileStore {
    /// A file that is there.
    public struct Listed: Sendable, Hashable {
        public let id: FileID
        /// When it was written.
        public let modifiedAt: Timestamp
    }

    /// The complete files of a shard, unsorted.
    /// - Throws: ``FileStoreError``.
    public nonisolated func list(_ shard: FileShard) async throws -> [Listed] {
        let directory = "\(root)/\(shard.prefix)"
        return try await blocking {
            try DurableFile.list(directory).compactMap { entry in
                // The name as it is and not as an id spells it: another spelling would be another file.
                guard !entry.isDirectory, let id = FileID(entry.name), id.text == entry.name else { return nil }
                return Listed(id: id, modifiedAt: entry.modifiedAt)
            }
        }
    }

    /// Removes what killed processes left half written. At start, and now and then.
    /// - Parameter grace: how old such a file must be: another process may be writing it.
    /// - Returns: how many there were.
    @discardableResult
    public func sweep(now: Timestamp = .now(), grace: Duration = .seconds(3_600)) async throws -> Int {
        let root = self.root
        // Taken before the folders are read: an upload that begins later is younger than any grace.
        let inProgress = stemsInProgress
        return try await blocking {
            var removed = 0
            for shard in try DurableFile.list(root) where shard.isDirectory && FileNaming.isShard(shard.name) {
                let directory = "\(root)/\(shard.name)"
                for entry in try DurableFile.list(directory)
                where FileNaming.isOrphan(entry, inProgress: inProgress, now: now, grace: grace) {
                    if try DurableFile.remove(directory: directory, name: entry.name) { removed += 1 }
                }
            }
            return removed
        }
    }
}
