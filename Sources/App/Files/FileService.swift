// The rules of files: what may be uploaded, how much, under which name, and whose it is. A value of lets; its calls run on the
// loop that made it.
//
// The file comes before its row, and goes after it: whatever happens in between leaves a file without a row, which nobody sees and
// the sweep removes, and never a row without a file.

import Actors
import Reactor

/// Uploaded files, private to their owners. Administrators may read and remove any by its id.
struct FileService: Sendable {
    let database: DatabasePool
    let store: FileStore
    /// Bytes that the files of one user may have together.
    let quotaBytes: Int

    // MARK: Uploading

    /// Stores a file and its row.
    /// - Parameters:
    ///   - clientName: what the client calls it.
    ///   - next: its next bytes; nil at the end, once the whole request is known to be in order.
    /// - Throws: `APIError` ``APIError/fileTypeNotAllowed``, ``APIError/fileContentMismatch``, ``APIError/uploadQuotaExceeded``,
    ///   422 for a name that cannot be kept; `FileStoreError`. Then there is neither row nor file.
    func upload(
        named clientName: Text, for principal: Principal, from origin: RequestOrigin, next: () async throws -> [UInt8]?
    ) async throws -> FileItem {
        guard let name = FileName(sanitizing: clientName) else {
            throw APIError.validation(.valueError("the file has no name that can be kept"), at: "body", "file", input: .string(clientName))
        }
        guard let kind = FileKind(fileExtension: name.fileExtension) else { throw APIError.fileTypeNotAllowed }
        let usedBytes = try await FileRepository.usage(of: principal.userID, in: database).bytes
        var remainingBytes = Int64(quotaBytes) - usedBytes
        // Looked at early, so that nothing is read in vain; what counts is looked at in the transaction.
        guard remainingBytes > 0 else { throw APIError.uploadQuotaExceeded }
        let stored = try await store.put(FileID(), inspect: { try kind.check($0) }) {
            guard let piece = try await next() else { return nil }
            remainingBytes -= Int64(piece.count)
            guard remainingBytes >= 0 else { throw APIError.uploadQuotaExceeded }
            return piece
        }
        do {
            return try await record(stored, name, kind, owner: principal.userID, from: origin)
        } catch {
            // Where nobody knows whether the row is there, the sweep will: a row without its file would be worse.
            if CommitOutcome.isRolledBack(error) { _ = try? await store.delete(stored.id) }
            throw error
        }
    }

    /// Writes the row of a file that is on the disk.
    private func record(
        _ stored: StoredFile, _ name: FileName, _ kind: FileKind, owner: Int64, from origin: RequestOrigin
    ) async throws -> FileItem {
        let now = Timestamp.now()
        let quotaBytes = Int64(self.quotaBytes)
        return try await database.withTransaction { transaction in
            // The account was removed while the file was on its way.
            guard try await FileRepository.lock(owner, in: transaction) else { throw APIError.invalidToken }
            let usage = try await FileRepository.usage(of: owner, in: transaction)
            guard Int64(stored.sizeBytes) <= quotaBytes - usage.bytes else { throw APIError.uploadQuotaExceeded }
            let filename = try await FileService.freeName(for: name, id: stored.id, owner: owner, in: transaction)
            let file = FileItem(
                id: stored.id, ownerID: owner, filename: filename, contentType: kind.mediaType, sizeBytes: Int64(stored.sizeBytes),
                sha256: stored.sha256, createdAt: max(now, usage.newest.map { $0 + .microseconds(1) } ?? now))
            try await FileRepository.insert(file, in: transaction)
            try await AuditLog.record(
                FileService.entry("file.upload", file, by: owner), from: origin, at: now, in: transaction)
            return file
        }
    }

    /// The name itself, or the first copy's that is free: nothing is ever overwritten.
    private static func freeName(
        for name: FileName, id: FileID, owner: Int64, in transaction: any SQLExecutor
    ) async throws(DatabaseError) -> Text {
        for first in stride(from: 1, through: FileName.maxCopies, by: FileRepository.maxNames) {
            let candidates = (first..<first + FileRepository.maxNames).map { name.copy($0).text }
            let taken = try await FileRepository.taken(candidates, of: owner, in: transaction)
            if let free = candidates.first(where: { !taken.contains($0) }) { return free }
        }
        // Whoever has a thousand copies of one name does not read the number behind it.
        return name.marked(id.text).text
    }

    // MARK: Reading

    /// A page of somebody's files, newest first.
    /// - Throws: `APIError` ``APIError/adminRequired`` for another's without being an administrator.
    func list(_ query: ListFilesQuery, for principal: Principal) async throws -> FileRepository.Page {
        let owner = query.ownerID ?? principal.userID
        guard owner == principal.userID || principal.isAdmin else { throw APIError.adminRequired }
        return try await FileRepository.list(ownedBy: owner, query.page, in: database)
    }

    /// - Throws: `APIError` ``APIError/fileNotFound``, also for another's file: whether it exists is theirs to know.
    func find(_ file: FileSelector, for principal: Principal) async throws -> FileItem {
        guard let item = try await FileRepository.find(file, scope(of: file, for: principal), in: database) else {
            throw APIError.fileNotFound
        }
        return item
    }

    /// Opens a file's content.
    /// - Throws: `FileStoreError`; ``FileStoreError/notFound`` where it was removed a moment ago.
    func open(_ file: FileItem) async throws -> FileContent {
        FileContent(store: store, reader: try await store.open(file.id))
    }

    // MARK: Deleting

    /// - Throws: `APIError` ``APIError/fileNotFound``.
    func delete(_ file: FileSelector, for principal: Principal, from origin: RequestOrigin) async throws {
        let scope = scope(of: file, for: principal)
        let now = Timestamp.now()
        let removed = try await database.withTransaction { transaction in
            guard let removed = try await FileRepository.delete(file, scope, in: transaction) else { throw APIError.fileNotFound }
            try await AuditLog.record(
                FileService.entry("file.delete", removed, by: principal.userID), from: origin, at: now, in: transaction)
            return removed
        }
        // It is gone for everybody. Bytes that cannot be removed now are the sweep's.
        _ = try? await store.delete(removed.id)
    }

    // MARK: Helpers

    /// Names are only unique among one owner's, so by name everybody means their own.
    private func scope(of file: FileSelector, for principal: Principal) -> FileRepository.Scope {
        if case .id = file, principal.isAdmin { return .everybody }
        return .owner(principal.userID)
    }

    private static func entry(_ action: String, _ file: FileItem, by actor: Int64) -> AuditEntry {
        AuditEntry(
            action, by: actor, on: "file", file.id.text,
            details: [
                "filename": .string(file.filename), "file_size": .number(JSONNumber(Int(file.sizeBytes))),
                "owner_id": .number(JSONNumber(Int(file.ownerID))),
            ])
    }
}

/// The content of a stored file, to be read in pieces.
struct FileContent: Sendable {
    let store: FileStore
    let reader: FileReader

    private static let pieceBytes = 65_536

    /// Hands out a range of the bytes, piece by piece: no more than one is in memory, and the disk is read as fast as they are
    /// taken.
    func forEachPiece(of range: Range<Int>, _ body: ([UInt8]) async throws -> Void) async throws {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let piece = try await store.read(reader, offset: offset, count: min(FileContent.pieceBytes, range.upperBound - offset))
            // Shorter than its row says: what is missing cannot be made up.
            guard !piece.isEmpty else { throw FileStoreError.notFound }
            try await body(piece)
            offset += piece.count
        }
    }
}
