// What is on the disk of an application under test. Reads the disk; any thread.

import Actors
@testable import App
import Reactor

extension TestApp {
    /// The names of all stored files, temporary ones among them.
    func storedFiles() throws -> [String] {
        let root = "\(backend.configuration.dataDirectory)/files"
        return try DurableFile.list(root).filter(\.isDirectory).flatMap { try DurableFile.list("\(root)/\($0.name)") }.map(\.name)
    }

    /// How many rows tell of files.
    func fileRows() async throws -> Int {
        Int(try await services.database.execute(.read("SELECT count(*) FROM files"), [])[0].int(0))
    }

    /// What the audit log says of files, oldest first.
    func fileAudit() async throws -> [String] {
        let rows = try await services.database.execute(
            .read("SELECT action, subject_id FROM audit_log WHERE subject_type = 'file' ORDER BY id"), [])
        return try rows.map { "\(try $0.string(0)) \(try $0.string(1))" }
    }
}
