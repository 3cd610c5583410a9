// Whose the store's folder is: a file in it names the owner, and this is all that the store knows of it. What follows from another
// name is the owner's to decide. The disk is touched on the blocking pool only.

public import Reactor

extension FileStore {
    /// Beside the shards. The dot in front tells it from anything that was uploaded.
    private static let ownerFile = ".database"
    private static let maxOwnerBytes = 256

    /// Who was named last; nil where nobody was.
    /// - Throws: ``FileStoreError``.
    public nonisolated func owner() async throws -> String? {
        let path = "\(root)/\(FileStore.ownerFile)"
        do {
            let bytes = try await blocking { try FileReader(path: path).read(offset: 0, count: FileStore.maxOwnerBytes) }
            // A person may have written it.
            return String(ascii: Array(bytes.prefix { $0 > 0x20 && $0 < 0x7F }))
        } catch FileStoreError.notFound {
            return nil
        }
    }

    /// Names the owner; nil names nobody.
    /// - Throws: ``FileStoreError``.
    public nonisolated func bind(to owner: String?) async throws {
        let root = self.root
        try await blocking {
            if let owner {
                try DurableFile.createDirectory(root)
                try DurableFile.write(Array("\(owner)\n".utf8), directory: root, name: FileStore.ownerFile)
            } else {
                try DurableFile.remove(directory: root, name: FileStore.ownerFile)
            }
        }
    }

    /// Whether there are more complete files than `limit`. Looks no further than it must.
    /// - Throws: ``FileStoreError``.
    public nonisolated func holdsMoreFiles(than limit: Int) async throws -> Bool {
        var count = 0
        for shard in FileShard.allCases {
            count += try await list(shard).count
            if count > limit { return true }
        }
        return false
    }
}
