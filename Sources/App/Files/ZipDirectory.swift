// The names in a zip archive, from its central directory (APPNOTE.TXT 4.3.12 and 4.3.16): what a .docx is made of tells it from
// other archives, in whatever order its entries lie. Nothing is unpacked. Pure; every number in the archive is a stranger's.

import Reactor

/// Reads the directory of an archive.
enum ZipDirectory {
    /// The end record with the longest comment that it can have.
    static let maxEndBytes = 22 + 65_535
    /// A directory that is longer is not looked at: documents have dozens of entries.
    static let maxDirectoryBytes = 1 << 20
    private static let maxEntries = 10_000

    /// Where the directory lies.
    /// - Parameters:
    ///   - end: the file's last bytes, ``maxEndBytes`` where it has as many.
    ///   - fileBytes: the whole file's size.
    static func place(in end: [UInt8], fileBytes: Int) -> Range<Int>? {
        guard end.count >= 22 else { return nil }
        for start in stride(from: end.count - 22, through: 0, by: -1) where number(end, start, 4) == 0x0605_4B50 {
            guard let comment = number(end, start + 20, 2), start + 22 + comment == end.count,
                let size = number(end, start + 12, 4), let offset = number(end, start + 16, 4),
                size <= maxDirectoryBytes, offset + size <= fileBytes
            else { continue }
            return offset..<offset + size
        }
        return nil
    }

    /// The entries' names, as far as they are well-formed.
    static func names(in directory: [UInt8]) -> [Text] {
        var names: [Text] = []
        var position = 0
        while names.count < maxEntries, number(directory, position, 4) == 0x0201_4B50,
            let nameBytes = number(directory, position + 28, 2), let extraBytes = number(directory, position + 30, 2),
            let commentBytes = number(directory, position + 32, 2), position + 46 + nameBytes <= directory.count
        {
            names.append(Text(decoding: directory[position + 46..<position + 46 + nameBytes]))
            position += 46 + nameBytes + extraBytes + commentBytes
        }
        return names
    }

    /// A little-endian number; nil where it would lie outside.
    private static func number(_ bytes: [UInt8], _ position: Int, _ count: Int) -> Int? {
        guard position >= 0, position <= bytes.count - count else { return nil }
        return (0..<count).reduce(0) { $0 | Int(bytes[position + $1]) << ($1 * 8) }
    }
}
