// What the kernel says about this process: processor time, memory, descriptors. Read from /proc and getrusage; owns nothing.
// Any thread; a read takes some tens of microseconds and never waits for a disk.

import Glibc

/// A reading of the process's own accounts.
public struct ProcessStatistics: Sendable, Equatable {
    /// Processor time since the start, user and system together.
    public var cpuTime: Duration
    public var residentMemoryBytes: Int
    /// Descriptors that are open, this reading's own not among them.
    public var openFileDescriptors: Int
    /// The soft limit of descriptors.
    public var maxFileDescriptors: Int

    /// Reads them now. What cannot be read (no /proc) is zero.
    public static func current() -> ProcessStatistics {
        ProcessStatistics(
            cpuTime: processorTime(), residentMemoryBytes: residentBytes(), openFileDescriptors: openDescriptors(),
            maxFileDescriptors: ProcessLimits.maxFileDescriptors)
    }

    private static func processorTime() -> Duration {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return .zero }
        return .seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + .microseconds(Int64(usage.ru_utime.tv_usec) + Int64(usage.ru_stime.tv_usec))
    }

    /// The second field of /proc/self/statm, in pages (proc(5)).
    private static func residentBytes() -> Int {
        let descriptor = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 128)
        let length = unsafe read(descriptor, &buffer, buffer.count)
        guard length > 0 else { return 0 }
        let fields = buffer[..<length].split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else { return 0 }
        let (bytes, overflow) = pages.multipliedReportingOverflow(by: sysconf(Int32(_SC_PAGESIZE)))
        return overflow ? 0 : bytes
    }

    private static func openDescriptors() -> Int {
        guard let entries = try? DurableFile.list("/proc/self/fd") else { return 0 }
        // The folder's own descriptor is listed too.
        return max(0, entries.count - 1)
    }
}

/// The room that is left where files are kept.
public struct DiskSpace: Sendable, Equatable {
    /// What an unprivileged process may still write.
    public var availableBytes: Int
    public var totalBytes: Int

    /// Blocks on the disk: run it on the blocking pool.
    /// - Parameter path: a file or folder of the file system in question.
    public static func of(_ path: String) throws(FileError) -> DiskSpace {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { throw .last("statvfs") }
        let unit = Int(clamping: status.f_frsize)
        let available = Int(clamping: status.f_bavail).multipliedReportingOverflow(by: unit)
        let total = Int(clamping: status.f_blocks).multipliedReportingOverflow(by: unit)
        return DiskSpace(
            availableBytes: available.overflow ? .max : available.partialValue,
            totalBytes: total.overflow ? .max : total.partialValue)
    }
}
