// Writes a backup: a tar archive whose last entry is the SHA-256 of everything before it. Owns the file while it is written under a
// temporary name; the disk is touched on the blocking pool. One caller at a time by its mutex.

import Crypto
import Reactor
import Synchronization

/// An archive in the making. Dropped before ``finish()``, it leaves nothing behind.
final class ArchiveWriter: Sendable {
    /// Behind the manifest, the rows and the files.
    static let checksumEntryName = "sha256"

    private struct State {
        var hasher = SHA256()
        var buffer: [UInt8] = []
        var bytesWritten = 0
    }

    private static let bufferBytes = 256 << 10

    private let loop: EventLoop
    private let writer: DurableFileWriter
    private let name: String
    private let now: Timestamp
    private let state = Mutex(State())

    /// - Throws: ``FileError``.
    init(directory: String, name: String, now: Timestamp, on loop: EventLoop) async throws {
        self.loop = loop
        self.name = name
        self.now = now
        let stem = DurableFileWriter.uniqueStem(for: name)
        writer = try await loop.runBlocking { try DurableFileWriter(directory: directory, name: stem) }
    }

    var bytesWritten: Int { state.withLock { $0.bytesWritten } }

    /// A whole entry.
    func add(_ name: String, _ content: [UInt8]) async throws {
        try await begin(name, sizeBytes: content.count)
        try await append(content)
        try await end(sizeBytes: content.count)
    }

    /// Begins an entry of which exactly `sizeBytes` are then appended.
    func begin(_ name: String, sizeBytes: Int) async throws {
        try await append(TarHeader(name: name, sizeBytes: sizeBytes, modifiedAt: now).block)
    }

    func append(_ bytes: [UInt8]) async throws {
        let full = state.withLock { state -> [UInt8]? in
            state.hasher.update(data: bytes)
            state.buffer += bytes
            state.bytesWritten += bytes.count
            guard state.buffer.count >= ArchiveWriter.bufferBytes else { return nil }
            defer { state.buffer.removeAll(keepingCapacity: true) }
            return state.buffer
        }
        if let full { try await loop.runBlocking { [writer] in try writer.write(full) } }
    }

    func end(sizeBytes: Int) async throws {
        try await append([UInt8](repeating: 0, count: TarHeader.padding(after: sizeBytes)))
    }

    /// Adds the checksum, and gives the archive its name once it is on the disk.
    /// - Returns: its size.
    func finish() async throws -> Int {
        let digest = state.withLock { $0.hasher.finalize() }
        try await add(ArchiveWriter.checksumEntryName, Array("\(ArchiveWriter.hexadecimal(digest))\n".utf8))
        try await append([UInt8](repeating: 0, count: 2 * TarHeader.blockSize))
        let rest = state.withLock { state in
            defer { state.buffer = [] }
            return state.buffer
        }
        let name = self.name
        try await loop.runBlocking { [writer] in
            try writer.write(rest)
            try writer.commit(as: name)
        }
        return bytesWritten
    }

    static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        digest.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
