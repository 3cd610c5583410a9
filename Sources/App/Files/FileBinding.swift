// Whether the folder of files is this database's. Asked before anything is removed because no row tells of it: a wrong DATABASE_URL, or
// a wrong DATA_DIR, would make left-overs of all files. A value of lets; runs on its loop.

import Actors
import Reactor

/// The folder of files, and the database whose rows tell of them.
struct FileBinding: Sendable {
    /// So many files may be left over where no row tells of any: of a removed account, the only one that had some.
    static let maxForgottenFiles = 32

    let database: DatabasePool
    let store: FileStore

    /// Why the folder is not taken for this database's.
    enum Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        /// It was bound to another database.
        case anotherDatabase(id: String)
        /// It was bound to none, and the database knows none of its files.
        case unknownFiles(id: String)
        /// It is bound to this database, which knows no files at all any more.
        case forgottenFiles

        var description: String {
            switch self {
            case .anotherDatabase: "the folder of files belongs to another database"
            case .unknownFiles: "the database knows none of the files in the folder of files"
            case .forgottenFiles: "the database has no files at all, and the folder of files has many"
            }
        }

        /// What to do about it.
        var hint: String {
            switch self {
            case .anotherDatabase(let id), .unknownFiles(let id):
                "look at DATABASE_URL and DATA_DIR; where both are right, write \(id) into DATA_DIR/files/.database, "
                    + "and files that no row tells of are removed"
            case .forgottenFiles:
                "look whether the database lost its rows, and restore a backup; where the files may go, remove them by hand"
            }
        }
    }

    /// Returns where files without a row may be removed. A folder that names no database is bound to this one if it is
    /// empty, or if the database knows a file of it.
    /// - Throws: ``Refusal``; `FileStoreError`, `DatabaseError`.
    func check() async throws {
        let id = try await DatabaseIdentity.id(in: database)
        let owner = try await store.owner()
        if owner == id {
            guard try await FileRepository.isEmpty(in: database), try await store.holdsMoreFiles(than: FileBinding.maxForgottenFiles)
            else { return }
            throw Refusal.forgottenFiles
        }
        // Also where the folder is empty: its owner may be about to put its first file there.
        guard owner == nil else { throw Refusal.anotherDatabase(id: id) }
        if try await store.holdsMoreFiles(than: 0), try await !knowsAFile() { throw Refusal.unknownFiles(id: id) }
        try await store.bind(to: id)
    }

    private func knowsAFile() async throws -> Bool {
        for shard in FileShard.allCases {
            let files = try await store.list(shard)
            guard !files.isEmpty else { continue }
            let rows = try await FileRepository.uploads(in: shard, in: database)
            if files.contains(where: { rows[$0.id.text] != nil }) { return true }
        }
        return false
    }
}
