// An open file to read from. Owns one descriptor. Reads block: run them on the blocking pool. Any thread: `pread` has no
// position to share.

import Glibc

/// A regular file, opened for reading.
public final class FileReader: Sendable {
    /// For libmagic, which reads by itself.
    let descriptor: Int32
    /// Its size when it was opened. Files of ours are replaced, never changed, so it stays true.
    public let sizeBytes: Int

    /// Opens a file; refuses folders, devices and symbolic links. Blocks.
    /// - Throws: ``FileError``, with ``FileError/isNotFound`` where there is none.
    public init(path: String) throws(FileError) {
        // O_NONBLOCK: opening a FIFO must not wait for its writer. It means nothing to a regular file.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw .last("open") }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            let error = FileError.last("fstat")
            close(descriptor)
            throw error
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw FileError(code: EINVAL, operation: "open")
        }
        self.descriptor = descriptor
        sizeBytes = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Up to `count` bytes from `offset`; fewer only at the file's end. Blocks.
    public func read(offset: Int, count: Int) throws(FileError) -> [UInt8] {
        guard offset >= 0, count > 0, offset < sizeBytes else { return [] }
        let wanted = min(count, sizeBytes - offset)
        var failure: FileError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
            while filled < wanted {
                // SAFETY: the range given lies inside the buffer's capacity.
                let got = unsafe pread(descriptor, buffer.baseAddress! + filled, wanted - filled, off_t(offset + filled))
                if got < 0 {
                    if errno == EINTR { continue }
                    failure = .last("pread")
                    return
                }
                if got == 0 { return }
                filled += got
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
