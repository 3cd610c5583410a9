// Files and rows that have lost each other.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct FileSweepTests {
    private static let later = Duration.seconds(2 * 3_600)

    @Test(arguments: TestSetup.overSockets)
    func filesWithoutARowGoOnceTheyAreOld(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let kept = try #require(try await user.upload("a.txt", TestFiles.text).json["id"]?.string)
            let store = app.services.fileStore
            let orphan = FileID()
            try await store.put(orphan, [1, 2, 3])
            let shard = "\(app.backend.configuration.dataDirectory)/files/\(kept.prefix(2))"
            try DurableFile.write([9], directory: shard, name: ".\(FileID()).\(FileID()).partial")

            let sweep = FileSweep(app.services)
            try await #expect(sweep.run(now: .now()) == FileSweep.Report())
            try #expect(app.storedFiles().count == 3)
            let report = try await sweep.run(now: .now() + Self.later)
            #expect(report == FileSweep.Report(temporary: 1, orphans: 1, missing: []))
            try #expect(app.storedFiles() == [kept])
            try await #expect(user.get("/download/a.txt").body == TestFiles.text)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func theFilesOfARemovedAccountGoToo(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            // As at the server's start: the folder is bound to the database.
            try await FileSweep(app.services).runAndReport(now: .now())
            try await #expect(user.upload("a.txt", TestFiles.text).status == 201)
            try await #expect(user.delete("/auth/me").status < 300)
            try await #expect(app.fileRows() == 0)
            try await FileSweep(app.services).runAndReport(now: .now() + Self.later)
            try #expect(app.storedFiles().isEmpty)
            #expect(app.log.text.contains("files swept"))
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func rowsWithoutAFileAreToldAndKept(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let id = try #require(try await user.upload("a.txt", TestFiles.text).json["id"]?.string)
            try DurableFile.remove(directory: "\(app.backend.configuration.dataDirectory)/files/\(id.prefix(2))", name: id)
            let report = try await FileSweep(app.services).run(now: .now() + Self.later)
            #expect(report == FileSweep.Report(temporary: 0, orphans: 0, missing: [id]))
            try await FileSweep(app.services).runAndReport(now: .now() + Self.later)
            #expect(app.log.text.contains("files are missing from the disk"))
            try await #expect(app.fileRows() == 1)
        }
    }

    // MARK: Whose the folder is

    @Test(arguments: TestSetup.overSockets)
    func aFreshStartBindsTheFolder(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let store = app.services.fileStore
            let id = try await DatabaseIdentity.id(in: app.services.database)
            #expect(FileID(id)?.text == id)
            try await #expect(store.owner() == nil)
            try await FileSweep(app.services).run(now: .now())
            try await #expect(store.owner() == id)
            // Nothing is in it, and still it is somebody's, who may be about to put a file there.
            let other = FileID().text
            try await store.bind(to: other)
            await #expect(throws: FileBinding.Refusal.anotherDatabase(id: id)) { try await FileSweep(app.services).run(now: .now()) }
            try await #expect(store.owner() == other)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aFolderThatNobodyIsNamedInIsOursWhereWeKnowAFileOfIt(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let store = app.services.fileStore
            let orphan = FileID()
            try await store.put(orphan, [1])
            let id = try await DatabaseIdentity.id(in: app.services.database)
            await #expect(throws: FileBinding.Refusal.unknownFiles(id: id)) {
                try await FileSweep(app.services).run(now: .now() + Self.later)
            }
            try #expect(app.storedFiles() == [orphan.text])
            try await #expect(store.owner() == nil)

            let user = try await app.registered()
            let kept = try #require(try await user.upload("a.txt", TestFiles.text).json["id"]?.string)
            try await #expect(FileSweep(app.services).run(now: .now() + Self.later).orphans == 1)
            try #expect(app.storedFiles() == [kept])
            try await #expect(store.owner() == id)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func ofAnotherDatabasesFolderNothingIsRemoved(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let store = app.services.fileStore
            let user = try await app.registered()
            try await #expect(user.upload("a.txt", TestFiles.text).status == 201)
            try await FileSweep(app.services).run(now: .now())
            let owner = try #require(try await store.owner())
            for _ in 0..<3 { try await store.put(FileID(), [1]) }
            let shard = "\(app.backend.configuration.dataDirectory)/files/\(try app.storedFiles()[0].prefix(2))"
            try DurableFile.write([9], directory: shard, name: ".\(FileID()).\(FileID()).partial")
            // It is as if DATABASE_URL named another one.
            let other = FileID()
            _ = try await app.services.database.execute(.write("UPDATE database_identity SET id = $1"), [.uuid(other.text)])

            try await FileSweep(app.services).runAndReport(now: .now() + Self.later)
            try #expect(app.storedFiles().count == 5)
            #expect(app.log.text.contains("the folder of files belongs to another database"))
            #expect(app.log.text.contains("write \(other) into DATA_DIR/files/.database"))
            try await #expect(store.owner() == owner)

            // What the hint says works.
            try await store.bind(to: other.text)
            let report = try await FileSweep(app.services).run(now: .now() + Self.later)
            #expect(report == FileSweep.Report(temporary: 1, orphans: 3, missing: []))
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aDatabaseThatLostItsRowsRemovesNothing(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let store = app.services.fileStore
            try await FileSweep(app.services).run(now: .now())
            for _ in 0...FileBinding.maxForgottenFiles { try await store.put(FileID(), [1]) }
            await #expect(throws: FileBinding.Refusal.forgottenFiles) {
                try await FileSweep(app.services).run(now: .now() + Self.later)
            }
            try #expect(app.storedFiles().count == FileBinding.maxForgottenFiles + 1)
            // One row is enough to tell that they are there.
            let user = try await app.registered()
            try await #expect(user.upload("a.txt", TestFiles.text).status == 201)
            let report = try await FileSweep(app.services).run(now: .now() + Self.later)
            #expect(report.orphans == FileBinding.maxForgottenFiles + 1)
        }
    }
}
