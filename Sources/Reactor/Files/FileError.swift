// What can go wrong with a file. A value; any thread.

import Glibc

/// A failed file operation: the system's error number and what was being done. Holds no path: it may be shown.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// `errno` as the system call left it.
    public var code: Int32
    /// The system call's name.
    public var operation: String

    public init(code: Int32, operation: String) {
        self.code = code
        self.operation = operation
    }

    /// The disk, or the user's share of it, is full.
    public var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }

    /// There is no such file.
    public var isNotFound: Bool { code == ENOENT }

    public var description: String {
        // XSI's strerror_r, thread-safe: fills the buffer with a terminated text for any number.
        var buffer = [CChar](repeating: 0, count: 128)
        unsafe strerror_r(code, &buffer, buffer.count)
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "\(operation): \(text)"
    }

    /// The error that the last system call on this thread left behind.
    static func last(_ operation: String) -> FileError {
        FileError(code: errno, operation: operation)
    }
}
