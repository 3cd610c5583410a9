// Reads a backup. Owns the open file; every method blocks on the disk: run it on the blocking pool.

import Crypto
import Reactor

/// An archive on the disk.
final class ArchiveReader: Sendable {
    struct Entry: Sendable, Hashable {
        var name: String
        /// Of its content.
        var offset: Int
        var sizeBytes: Int

        var end: Int { offset + sizeBytes + TarHeader.padding(after: sizeBytes) }
    }

    private static let pieceBytes = 256 << 10
    /// Rows come in entries of a mebibyte or so; a single row may be larger.
    private static let maxRowsBytes = 256 << 20

    private let reader: FileReader

    /// - Throws: ``ArchiveError/file(_:)``.
    init(path: String) throws(ArchiveError) {
        do throws(FileError) {
            reader = try FileReader(path: path)
        } catch {
            throw .file(error)
        }
    }

    /// Reads all of it and compares the checksum; nothing else should be done with an archive before.
    /// - Returns: what is in it, and where.
    /// - Throws: ``ArchiveError``.
    func verified() throws(ArchiveError) -> (manifest: ArchiveManifest, entries: [Entry]) {
        guard let first = try entry(at: 0), first.name == ArchiveManifest.entryName else { throw .notAnArchive }
        var hasher = SHA256()
        var entries: [Entry] = []
        var position = 0
        while true {
            guard let entry = try entry(at: position) else { throw .damaged("it ends before its checksum") }
            if entry.name == ArchiveWriter.checksumEntryName {
                let expected = String(decoding: try content(entry), as: UTF8.self).trimmed
                guard expected == ArchiveWriter.hexadecimal(hasher.finalize()) else {
                    throw .damaged("its checksum is not that of its content")
                }
                return (try ArchiveManifest(json: try content(first)), Array(entries.dropFirst()))
            }
            entries.append(entry)
            while position < entry.end {
                let piece = try read(position, min(ArchiveReader.pieceBytes, entry.end - position))
                hasher.update(data: piece)
                position += piece.count
            }
        }
    }

    /// All of an entry's bytes. For rows and the like; files are read in pieces.
    func content(_ entry: Entry) throws(ArchiveError) -> [UInt8] {
        guard entry.sizeBytes <= ArchiveReader.maxRowsBytes else { throw .damaged("\(entry.name) is too large") }
        return entry.sizeBytes == 0 ? [] : try read(entry.offset, entry.sizeBytes)
    }

    /// A piece of an entry; empty at its end.
    func piece(_ entry: Entry, at offset: Int) throws(ArchiveError) -> [UInt8] {
        guard offset < entry.sizeBytes else { return [] }
        return try read(entry.offset + offset, min(ArchiveReader.pieceBytes, entry.sizeBytes - offset))
    }

    /// Nil where there is no whole entry.
    private func entry(at position: Int) throws(ArchiveError) -> Entry? {
        guard reader.sizeBytes - position >= TarHeader.blockSize,
            let header = TarHeader(block: try read(position, TarHeader.blockSize))
        else { return nil }
        let offset = position + TarHeader.blockSize
        // The size may be any number that somebody wrote there.
        guard header.sizeBytes <= reader.sizeBytes - offset else { return nil }
        return Entry(name: header.name, offset: offset, sizeBytes: header.sizeBytes)
    }

    private func read(_ offset: Int, _ count: Int) throws(ArchiveError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try reader.read(offset: offset, count: count)
        } catch {
            throw .file(error)
        }
        guard bytes.count == count else { throw .damaged("it is shorter than it says") }
        return bytes
    }
}
