// Folders, removal and listing, each made durable: what the file store and SQLite need of POSIX beside reading and writing.
// Owns nothing. Every function blocks on the disk: run it on the blocking pool.

import Glibc

/// File operations that are on the disk when they return. All of them block.
public enum DurableFile {
    /// What a file is called while it is being written, behind a leading dot.
    public static let temporarySuffix = ".partial"
    /// The owner's alone: uploads and databases are nobody else's business.
    static let fileMode: mode_t = 0o600
    static let directoryMode: mode_t = 0o700

    /// One file in a folder.
    public struct Entry: Sendable, Hashable {
        public var name: String
        public var isDirectory: Bool
        /// When it was last written to.
        public var modifiedAt: Timestamp

        public init(name: String, isDirectory: Bool, modifiedAt: Timestamp) {
            self.name = name
            self.isDirectory = isDirectory
            self.modifiedAt = modifiedAt
        }
    }

    /// Makes a folder and those above it that are missing. A folder that is there already is no error.
    public static func createDirectory(_ path: String) throws(FileError) {
        var made = path.hasPrefix("/") ? "" : "."
        for component in path.split(separator: "/") {
            let parent = made.isEmpty ? "/" : made
            made += "/\(component)"
            // Looked at first: mkdir on a read-only file system fails with EROFS even where the folder is there.
            if isDirectory(made) { continue }
            if unsafe mkdir(made, directoryMode) == 0 {
                try synchronizeDirectory(parent)
            } else {
                let error = FileError.last("mkdir")
                // Somebody else made it in the meantime.
                guard error.code == EEXIST, isDirectory(made) else { throw error }
            }
        }
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Writes a whole file: temporary name, fsync, rename, fsync of the folder.
    public static func write(_ bytes: [UInt8], directory: String, name: String) throws(FileError) {
        let writer = try DurableFileWriter(directory: directory, name: DurableFileWriter.uniqueStem(for: name))
        try writer.write(bytes)
        try writer.commit(as: name)
    }

    /// Whether there is something of that name, of whatever kind; true, too, where it cannot be looked at. Blocks.
    public static func isTaken(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 || errno != ENOENT
    }

    /// Removes a file, durably.
    /// - Returns: false where there was none.
    @discardableResult
    public static func remove(directory: String, name: String) throws(FileError) -> Bool {
        guard unsafe unlink("\(directory)/\(name)") == 0 else {
            if errno == ENOENT { return false }
            throw .last("unlink")
        }
        try synchronizeDirectory(directory)
        return true
    }

    /// What a folder holds, unsorted, without `.` and `..`. Empty where the folder is missing.
    public static func list(_ directory: String) throws(FileError) -> [Entry] {
        guard let stream = unsafe opendir(directory) else {
            if errno == ENOENT { return [] }
            throw .last("opendir")
        }
        defer { unsafe closedir(stream) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw .last("readdir") }
                return entries
            }
            // SAFETY: d_name is a terminated string inside the entry, which is valid until the next readdir.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            var status = stat()
            // Removed since readdir: not there any more.
            guard unsafe fstatat(dirfd(stream), name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            let time = status.st_mtim
            entries.append(
                Entry(
                    name: name,
                    isDirectory: status.st_mode & S_IFMT == S_IFDIR,
                    modifiedAt: Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)))
        }
    }

    /// Makes the names in a folder durable: a rename lives in the folder, not in the file.
    static func synchronizeDirectory(_ path: String) throws(FileError) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .last("fsync") }
    }
}
