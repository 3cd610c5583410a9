// The numbers of LoadTests/counters/allocations.c: how often a program that has it loaded allocated. Reads block for microseconds;
// any thread.

import FoundationEssentials

/// What the file says at one moment.
struct AllocationCounters: Sendable, Equatable {
    /// Calls of malloc, calloc, realloc and those that take an alignment.
    let allocations: UInt64

    /// - Throws: ``LoadError`` where there is no such file, or another in its place.
    init(path: String) throws {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw LoadError(description: "\(path) cannot be read") }
        guard data.count == 64, data.starts(with: Array("alloc-1\0".utf8)) else {
            throw LoadError(description: "\(path) is no file of allocation counters")
        }
        // counters_t: behind the eight bytes that say what it is, calls of the four kinds, little-endian as this machine is.
        allocations = (1...4).reduce(0) { sum, word in
            sum &+ data.dropFirst(8 * word).prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
