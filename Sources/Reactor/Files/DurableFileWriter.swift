// A file that is either wholly there, and on the disk, or not there at all. Owns one descriptor and one temporary name.
// Every method blocks on the disk: run it on the blocking pool. One caller at a time by its mutex; any thread.

import Glibc
import Synchronization

/// Writes a file under a temporary name in its own folder, and gives it its real name once it is safely on the disk.
///
/// The order is the one that survives a power cut: write, fsync, rename, fsync of the folder. A writer that is dropped before
/// ``commit(as:)`` removes its temporary file; one that is killed leaves it to be swept (``DurableFile/temporarySuffix``).
public final class DurableFileWriter: Sendable {
    private struct State {
        /// -1 once committed or discarded.
        var descriptor: Int32
        var bytesWritten = 0
        var isNamed = false
    }

    private let directory: String
    private let temporaryPath: String
    private let state: Mutex<State>
    private let hook: FileOperationHook?

    /// Begins a file in `directory`, which must exist. Blocks.
    ///
    /// - Parameters:
    ///   - directory: where the file will be; rename is atomic only inside one file system.
    ///   - name: a stem that is unique, also among what killed writers left behind; the temporary file carries it. See
    ///     ``uniqueStem(for:)``.
    ///   - hook: for tests: decides which steps fail.
    public init(directory: String, name: String, hook: FileOperationHook? = nil) throws(FileError) {
        self.directory = directory
        self.hook = hook
        temporaryPath = "\(directory)/.\(name)\(DurableFile.temporarySuffix)"
        try hook?(.open)
        // O_EXCL: two writers of one name must not share a file.
        let descriptor = unsafe open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, DurableFile.fileMode)
        guard descriptor >= 0 else { throw .last("open") }
        state = Mutex(State(descriptor: descriptor))
    }

    deinit { discard() }

    public var bytesWritten: Int { state.withLock { $0.bytesWritten } }

    /// Whether the file has its real name: a ``commit(as:)`` that failed behind the rename has given it all the same.
    public var isNamed: Bool { state.withLock { $0.isNamed } }

    /// A stem for a file of this name. Its random part keeps a second attempt apart from what a killed one left behind.
    public static func uniqueStem(for name: String) -> String {
        "\(name).\(String(UInt64.random(in: .min ... .max), radix: 36))"
    }

    /// Opens what is written so far for reading, under its temporary name. Blocks.
    public func reopenForReading() throws(FileError) -> FileReader {
        try FileReader(path: temporaryPath)
    }

    /// Appends bytes. Blocks.
    /// - Throws: ``FileError``; the caller then calls ``discard()`` or drops the writer.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            guard state.descriptor >= 0 else { throw FileError(code: EBADF, operation: "write") }
            try hook?(.write)
            var offset = 0
            while offset < bytes.count {
                // SAFETY: the range given lies inside the array.
                let count = unsafe bytes.withUnsafeBytes { bytes in
                    unsafe Glibc.write(state.descriptor, bytes.baseAddress! + offset, bytes.count - offset)
                }
                if count < 0 {
                    if errno == EINTR { continue }
                    throw .last("write")
                }
                offset += count
            }
            state.bytesWritten += bytes.count
        }
    }

    /// Makes the file durable and gives it its name, replacing what bore it. Blocks on the disk, often for milliseconds.
    /// - Parameter name: a file name in the writer's folder.
    /// - Throws: ``FileError``; then there is no temporary file, and no file of that name or still the old one. Only where the
    ///   folder itself could not be written out is the new one there, for as long as the power stays on.
    public func commit(as name: String) throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            guard state.descriptor >= 0 else { throw FileError(code: EBADF, operation: "rename") }
            let descriptor = state.descriptor
            state.descriptor = -1
            do throws(FileError) {
                try finish(descriptor, as: name)
            } catch {
                unsafe unlink(temporaryPath)
                throw error
            }
            state.isNamed = true
            try hook?(.synchronizeDirectory)
            try DurableFile.synchronizeDirectory(directory)
        }
    }

    /// Writes the bytes out, closes the descriptor whatever happens, and renames.
    private func finish(_ descriptor: Int32, as name: String) throws(FileError) {
        do throws(FileError) {
            try hook?(.synchronize)
            guard fsync(descriptor) == 0 else { throw FileError.last("fsync") }
        } catch {
            close(descriptor)
            throw error
        }
        // NFS and quotas report a failed write as late as this.
        guard close(descriptor) == 0 || errno == EINTR else { throw .last("close") }
        try hook?(.rename)
        guard unsafe rename(temporaryPath, "\(directory)/\(name)") == 0 else { throw .last("rename") }
    }

    /// Removes the temporary file; nothing after ``commit(as:)``. Idempotent.
    public func discard() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            close(state.descriptor)
            state.descriptor = -1
            unsafe unlink(temporaryPath)
        }
    }
}
