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
}
