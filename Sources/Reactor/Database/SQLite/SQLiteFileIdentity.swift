// Which file a database is in, to find out later whether it is still there. A value; any thread.

import Glibc

/// A file, whatever its path is by now.
public struct SQLiteFileIdentity: Sendable, Hashable {
    private let device: UInt64
    private let number: UInt64

    /// Nil where there is no file of that path. Blocks for a look at the file system.
    public init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        number = UInt64(status.st_ino)
    }

    /// False where this process may not write to the file, or nobody to its file system. Blocks for a look at the file system.
    public static func isWritable(path: String) -> Bool { access(path, W_OK) == 0 }
}
