// What can be wrong with a backup. Values; any thread.

import Reactor

enum ArchiveError: Error, Sendable, Hashable, CustomStringConvertible {
    case notAnArchive
    /// It was cut off, or its bytes are not those that were written.
    case damaged(String)
    /// Made by a program that knows more than this one.
    case newer(String)
    /// The database to restore into holds something.
    case notEmpty([String])
    /// There is no database to back up.
    case noDatabase(String)
    /// There is a file of the archive's name.
    case exists(String)
    case file(FileError)

    var description: String {
        switch self {
        case .notAnArchive: "this is not a backup of this program"
        case .damaged(let reason): "the backup is damaged, and nothing was changed: \(reason)"
        case .newer(let what): "the backup was made by a newer version of this program, which has \(what)"
        case .notEmpty(let tables):
            "the database is not empty (\(tables.joined(separator: ", "))); --force replaces everything in it"
        case .noDatabase(let path): "there is no database at \(path)"
        case .exists(let path): "\(path) is there already"
        case .file(let error): "the backup cannot be read or written: \(error)"
        }
    }
}
