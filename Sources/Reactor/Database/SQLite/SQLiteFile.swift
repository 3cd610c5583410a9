// The file under a database, before SQLite sees it. Blocks; runs on the blocking pool.

import Glibc
import Synchronization

/// Makes the folder and the file of a database, private to their owner.
enum SQLiteFile {
    // SQLite's locks are POSIX record locks, which a process loses on a file when it closes *any* descriptor of it. Nobody
    // may open the database between our making it and our closing it again.
    private static let making = Mutex<Void>(())

    static func prepare(path: String) throws(DatabaseError) {
        guard !path.isEmpty, path != ":memory:" else { return }
        do {
            if let slash = path.lastIndex(of: "/") {
                try DurableFile.createDirectory(slash == path.startIndex ? "/" : String(path[..<slash]))
            }
            try making.withLock { (_) throws(FileError) in
                // SQLite would make it 0644, and its -wal and -shm the same: a table of password hashes for everybody.
                let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, DurableFile.fileMode)
                guard descriptor >= 0 else {
                    if errno == EEXIST { return }
                    throw FileError.last("open")
                }
                Glibc.close(descriptor)
            }
        } catch {
            if error.isDiskFull { throw .incapable(.storageFull) }
            throw .unavailable("the database file cannot be made: \(error)")
        }
    }
}
