// Uploaded files on disk. Owns the folder below its root and the set of uploads that are being written. Lives on its loop;
// the disk is touched on the blocking pool only.

public import Reactor

/// Why a file could not be stored or read.
public enum FileStoreError: Error, Sendable, Hashable {
    /// More bytes than a file may have.
    case tooLarge(limit: Int)
    /// The disk is full: nothing was kept.
    case diskFull
    case notFound
    case failed(FileError)

    init(_ error: FileError) {
        self = error.isDiskFull ? .diskFull : error.isNotFound ? .notFound : .failed(error)
    }
}

/// What was stored.
public struct StoredFile: Sendable, Hashable {
    public let id: FileID
    public let sizeBytes: Int
}

/// Files by id: a file is wholly there and on the disk, or it is not there.
///
/// Its row in the database comes after it, so a crash between the two leaves a file without a row, never a row without a file.
public actor FileStore {
    public nonisolated let loop: EventLoop
    /// Bytes that one file may have.
    public nonisolated let maxFileBytes: Int
    private nonisolated let root: String
    private var inProgress: Set<String> = []

    /// - Parameter root: a folder of the store's own; made when it is needed.
    public init(loop: EventLoop, root: String, maxFileBytes: Int) {
        self.loop = loop
        self.root = root
        self.maxFileBytes = maxFileBytes
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Stores bytes that are in memory. See ``put(_:next:)``.
    @discardableResult
    public nonisolated func put(_ id: FileID, _ bytes: [UInt8]) async throws -> StoredFile {
        var rest: [UInt8]? = bytes
        return try await put(id) {
            defer { rest = nil }
            return rest
        }
    }

    /// Stores what `next` hands out, piece by piece; no more than one piece is in memory.
    ///
    /// - Parameter next: the next piece, or nil at the end. Runs on the caller's actor, so it may read a request's body.
    /// - Throws: ``FileStoreError``, or what `next` throws. Then, and when the task is cancelled (which `next` notices),
    ///   nothing is kept.
    @discardableResult
    public nonisolated func put(
        _ id: FileID, next: () async throws -> [UInt8]?
    ) async throws -> StoredFile {
        let directory = FileNaming.directory(root: root, id: id)
        let stem = FileNaming.temporaryStem(id, nonce: FileID())
        await begin(stem)
        let result: Result<StoredFile, any Error>
        do {
            result = .success(try await write(id, directory: directory, stem: stem, next: next))
        } catch {
            result = .failure((error as? FileError).map(FileStoreError.init) ?? error)
        }
        await end(stem)
        return try result.get()
    }

    private nonisolated func write(
        _ id: FileID, directory: String, stem: String, next: () async throws -> [UInt8]?
    ) async throws -> StoredFile {
        let writer = try await loop.runBlocking {
            try DurableFile.createDirectory(directory)
            return try DurableFileWriter(directory: directory, name: stem)
        }
        do {
            var sizeBytes = 0
            while let piece = try await next() {
                guard piece.count <= maxFileBytes - sizeBytes else { throw FileStoreError.tooLarge(limit: maxFileBytes) }
                sizeBytes += piece.count
                try await loop.runBlocking { try writer.write(piece) }
            }
            try Task.checkCancellation()
            try await loop.runBlocking { try writer.commit(as: id.text) }
            return StoredFile(id: id, sizeBytes: sizeBytes)
        } catch {
            // Here, and not in the writer's deinit, which would touch the disk on the loop's thread.
            try? await loop.runBlocking { writer.discard() }
            throw error
        }
    }

    /// The whole file. At most ``maxFileBytes`` are read.
    /// - Throws: ``FileStoreError``.
    public nonisolated func get(_ id: FileID) async throws -> [UInt8] {
        let path = self.path(id)
        let limit = maxFileBytes
        return try await blocking {
            let reader = try FileReader(path: path)
            return try reader.read(offset: 0, count: limit)
        }
    }

    /// Opens a file to be read in pieces, with ``read(_:offset:count:)``.
    /// - Throws: ``FileStoreError``.
    public nonisolated func open(_ id: FileID) async throws -> FileReader {
        let path = self.path(id)
        return try await blocking { try FileReader(path: path) }
    }

    /// A piece of an open file; empty at its end.
    /// - Throws: ``FileStoreError``.
    public nonisolated func read(_ reader: FileReader, offset: Int, count: Int) async throws -> [UInt8] {
        try await blocking { try reader.read(offset: offset, count: count) }
    }

    /// Removes a file.
    /// - Returns: false where there was none.
    /// - Throws: ``FileStoreError``.
    @discardableResult
    public nonisolated func delete(_ id: FileID) async throws -> Bool {
        let directory = FileNaming.directory(root: root, id: id)
        return try await blocking { try DurableFile.remove(directory: directory, name: id.text) }
    }

    /// Removes what killed processes left half written. At start, and now and then.
    /// - Parameter grace: how old such a file must be: another process may be writing it.
    /// - Returns: how many there were.
    @discardableResult
    public func sweep(now: Timestamp = .now(), grace: Duration = .seconds(3_600)) async throws -> Int {
        let root = self.root
        // Taken before the folders are read: an upload that begins later is younger than any grace.
        let inProgress = self.inProgress
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

    // MARK: Pieces

    private func begin(_ stem: String) { inProgress.insert(stem) }
    private func end(_ stem: String) { inProgress.remove(stem) }

    private nonisolated func path(_ id: FileID) -> String {
        "\(FileNaming.directory(root: root, id: id))/\(id.text)"
    }

    private nonisolated func blocking<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        do {
            return try await loop.runBlocking(work)
        } catch let error as FileError {
            throw FileStoreError(error)
        }
    }
}
