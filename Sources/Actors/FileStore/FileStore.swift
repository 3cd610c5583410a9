// Uploaded files on disk. Owns the folder below its root and the set of uploads that are being written. Lives on its loop;
// the disk is touched on the blocking pool only.

import Crypto
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
    /// In hexadecimal, lower case.
    public let sha256: String
}

/// Files by id: a file is wholly there and on the disk, or it is not there.
///
/// Its row in the database comes after it, so a crash between the two leaves a file without a row, never a row without a file.
public actor FileStore {
    public nonisolated let loop: EventLoop
    /// Bytes that one file may have.
    public nonisolated let maxFileBytes: Int
    nonisolated let root: String
    private nonisolated let hook: FileOperationHook?
    private var inProgress: Set<String> = []

    /// - Parameters:
    ///   - root: a folder of the store's own; made when it is needed.
    ///   - hook: for tests: decides which steps of a write fail.
    public init(loop: EventLoop, root: String, maxFileBytes: Int, hook: FileOperationHook? = nil) {
        self.loop = loop
        self.root = root
        self.maxFileBytes = maxFileBytes
        self.hook = hook
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
    /// - Parameters:
    ///   - next: the next piece, or nil at the end. Runs on the caller's actor, so it may read a request's body.
    ///   - inspect: looks at the file once all of it is written and before it has its name; what it throws undoes the write.
    ///     Runs on the blocking pool.
    /// - Throws: ``FileStoreError``, or what `next` and `inspect` throw. Then, and when the task is cancelled (which `next`
    ///   notices), nothing is kept but a file of that id which was there before.
    @discardableResult
    public nonisolated func put(
        _ id: FileID, inspect: @escaping @Sendable (FileReader) throws -> Void = { _ in }, next: () async throws -> [UInt8]?
    ) async throws -> StoredFile {
        let stem = FileNaming.temporaryStem(id, nonce: FileID())
        await begin(stem)
        let result: Result<StoredFile, any Error>
        do {
            result = .success(try await write(id, stem: stem, inspect: inspect, next: next))
        } catch {
            result = .failure((error as? FileError).map(FileStoreError.init) ?? error)
        }
        await end(stem)
        return try result.get()
    }

    private nonisolated func write(
        _ id: FileID, stem: String, inspect: @escaping @Sendable (FileReader) throws -> Void, next: () async throws -> [UInt8]?
    ) async throws -> StoredFile {
        let directory = FileNaming.directory(root: root, id: id)
        let hook = self.hook
        let writer = try await loop.runBlocking {
            try hook?(.createDirectory)
            try DurableFile.createDirectory(directory)
            return try DurableFileWriter(directory: directory, name: stem, hook: hook)
        }
        do {
            var sizeBytes = 0
            var hash = SHA256()
            while let piece = try await next() {
                guard piece.count <= maxFileBytes - sizeBytes else { throw FileStoreError.tooLarge(limit: maxFileBytes) }
                sizeBytes += piece.count
                // Hashed where it is written: neither is a loop's work.
                hash = try await loop.runBlocking { [hash] in
                    try writer.write(piece)
                    var hash = hash
                    hash.update(data: piece)
                    return hash
                }
            }
            try Task.checkCancellation()
            try await loop.runBlocking {
                try inspect(try writer.reopenForReading())
                try FileStore.commit(writer, in: directory, as: id)
            }
            return StoredFile(id: id, sizeBytes: sizeBytes, sha256: hash.finalize().hexadecimal)
        } catch {
            // Here, and not in the writer's deinit, which would touch the disk on the loop's thread.
            try? await loop.runBlocking { writer.discard() }
            throw error
        }
    }

    /// Gives a written file its name. Where that fails behind the rename, the name is taken back if it is this write's own: a file
    /// that was there before stays, as it was or as it is now.
    private static func commit(_ writer: DurableFileWriter, in directory: String, as id: FileID) throws(FileError) {
        let wasThere = DurableFile.isTaken("\(directory)/\(id.text)")
        do throws(FileError) {
            try writer.commit(as: id.text)
        } catch {
            if writer.isNamed, !wasThere { _ = try? DurableFile.remove(directory: directory, name: id.text) }
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

    // MARK: Pieces

    private func begin(_ stem: String) { inProgress.insert(stem) }
    private func end(_ stem: String) { inProgress.remove(stem) }

    /// Stems of the uploads that this process is writing.
    var stemsInProgress: Set<String> { inProgress }

    private nonisolated func path(_ id: FileID) -> String {
        "\(FileNaming.directory(root: root, id: id))/\(id.text)"
    }

    nonisolated func blocking<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        do {
            return try await loop.runBlocking(work)
        } catch let error as FileError {
            throw FileStoreError(error)
        }
    }
}

extension Digest {
    /// In lower case.
    fileprivate var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 0x0F)])
        }
        return String(ascii: text)
    }
}
