// What the process keeps in memory without needing it. Any thread.

import CLibuv
import Glibc

/// The process's own memory.
public enum ProcessMemory {
    /// Bounds the heaps that glibc keeps for threads: one for each loop and one for all others, instead of eight a core. What threads
    /// of the blocking pool free is then used again, rather than kept by each of them. Before there are threads.
    ///
    /// 1,600 uploads of 1 KiB of text over one connection, of which libmagic makes 14,600 allocations each, left 64 MB resident with
    /// `MALLOC_ARENA_MAX=8`, and 49 MB with 2. A block of over 1 MiB, such as a password hash works in (19 MiB), is the kernel's own and
    /// goes back to it at once; glibc would take such blocks into its heaps after the first one was freed.
    public static func limitHeaps(loops: Int) {
        reactor_limit_heaps(Int32(clamping: min(max(1, loops), 1_024) + 1), 1_048_576)
    }

    /// Lets go of what only the start needed: freed heap, and the pages of code that it ran through (migrations, settings, protocol
    /// look-ups of the Swift runtime touch two thirds of the binary). The kernel keeps those pages in its cache and maps one again, in
    /// about a microsecond, when it is run. Blocks for under a millisecond.
    public static func releaseStartup() {
        for range in executableMappings() {
            // SAFETY: the range is mapped from a file, and without the right to write: its pages are the file's own, unchanged.
            unsafe madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
        }
        reactor_trim_heap()
    }

    /// The address ranges of code that is mapped from files (proc(5), /proc/PID/maps). Constants are not among them where they have
    /// a mapping of their own: it may hold relocated addresses, which are not in the file.
    private static func executableMappings() -> [Range<UInt>] {
        let lines = contents(of: "/proc/self/maps").split(separator: UInt8(ascii: "\n"))
        return lines.compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > 5, fields[1].elementsEqual("r-xp".utf8), !fields[4].elementsEqual("0".utf8) else { return nil }
            let bounds = fields[0].split(separator: UInt8(ascii: "-")).compactMap {
                UInt(String(decoding: $0, as: UTF8.self), radix: 16)
            }
            guard bounds.count == 2, bounds[0] < bounds[1] else { return nil }
            return bounds[0]..<bounds[1]
        }
    }

    /// Empty where the file cannot be read.
    private static func contents(of path: String) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            let length = unsafe read(descriptor, &piece, piece.count)
            guard length > 0 else { return contents }
            contents.append(contentsOf: piece[..<length])
        }
    }
}
