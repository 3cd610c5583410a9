// Lists of files, their descriptions, and their end.

import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct FileListTests {
    private func names(_ answer: HTTPTestResponse) -> [String]? {
        answer.json.array?.compactMap { $0["filename"]?.string }
    }

    @Test(arguments: TestSetup.all)
    func aListIsPagedBySkipAndByCursorNewestFirst(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            try await #expect(user.get("/files").json == [])
            for number in 1...5 { try await #expect(user.upload("\(number).txt", TestFiles.text).status == 201) }
            let all = try await user.get("/files")
            #expect(names(all) == ["5.txt", "4.txt", "3.txt", "2.txt", "1.txt"])
            #expect(all.header("X-Total-Count") == "5")
            guard case .object(let first)? = all.json.array?.first else {
                Issue.record("no object: \(all)")
                return
            }
            #expect(
                first.members.map(\.name) == [
                    "id", "filename", "file_path", "file_size", "content_type", "sha256", "owner_id", "created_at",
                ])

            let page = try await user.get("/api/v1/files?skip=1&limit=2")
            #expect(names(page) == ["4.txt", "3.txt"])
            #expect(page.header("X-Total-Count") == "5")
            #expect(page.header("Link")?.contains("skip=3&limit=2") == true)
            try await #expect(names(user.get("/files?skip=5")) == [])
            try await #expect(user.get("/files?skip=9").header("X-Total-Count") == "5")

            var walked: [String] = []
            var target: String? = "/files?limit=2"
            while let current = target, walked.count < 10 {
                let answer = try await user.get(current)
                #expect(answer.status == 200, "\(answer)")
                walked += names(answer) ?? []
                target = answer.header("X-Next-Cursor").map { "/files?limit=2&cursor=\($0)" }
            }
            #expect(walked == ["5.txt", "4.txt", "3.txt", "2.txt", "1.txt"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func madeUpCursorsAndBadPagesDoNoHarm(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            _ = try await user.upload("a.txt", TestFiles.text)
            for id in [Int64.min, .max, 0, -1] {
                let answer = try await user.get("/files?cursor=\(Cursor(id: id).token)")
                #expect(answer.status == 200, "\(id): \(answer)")
            }
            for query in ["limit=0", "limit=101", "skip=-1", "cursor=x", "owner_id=0", "owner_id=x"] {
                try await #expect(user.get("/files?\(query)").status == 422, "\(query)")
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func administratorsSeeAndRemoveAnybodysByItsID(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let owner = try await app.registered()
            let admin = try await app.admin()
            let file = try await owner.upload("a.txt", TestFiles.text).json
            let id = try #require(file["id"]?.string)
            let ownerID = try #require(try await owner.get("/auth/me").json["id"]?.integer)
            let adminID = try #require(try await admin.get("/auth/me").json["id"]?.integer)
            try await #expect(admin.get("/files").json == [])
            try await #expect(names(admin.get("/files?owner_id=\(ownerID)")) == ["a.txt"])
            try await #expect(names(owner.get("/files?owner_id=\(ownerID)")) == ["a.txt"])
            try await #expect(owner.get("/files?owner_id=\(adminID)").status == 403)
            // A name is one's own.
            try await #expect(admin.get("/download/a.txt").status == 404)
            try await #expect(admin.delete("/delete/a.txt").status == 404)
            let found = try await admin.get("/api/v1/files/\(id)")
            #expect(found.json["owner_id"]?.integer == ownerID)
            #expect(found.json["sha256"] == file["sha256"])
            try await #expect(admin.get("/api/v1/files/\(id)/content").body == TestFiles.text)
            try await #expect(admin.delete("/api/v1/files/\(id)").json["message"] == "File deleted successfully")
            try await #expect(owner.get("/files").json == [])
            try #expect(app.storedFiles().isEmpty)
        }
    }

    @Test(arguments: TestSetup.all)
    func aDeletedFileIsGoneWithItsBytesAndTheLogKnows(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let id = try #require(try await user.upload("a b.txt", TestFiles.text).json["id"]?.string)
            let answer = try await user.delete("/delete/a%20b.txt")
            #expect(answer.status == 200)
            #expect(answer.text == #"{"message":"File deleted successfully"}"#)
            try await #expect(user.delete("/delete/a%20b.txt").code == "FILE_NOT_FOUND")
            try await #expect(user.get("/download/a%20b.txt").status == 404)
            try await #expect(user.get("/files/\(id)").status == 404)
            try #expect(app.storedFiles().isEmpty)
            try await #expect(app.fileAudit() == ["file.upload \(id)", "file.delete \(id)"])
        }
    }

    @Test func theDocumentOffersAFileToChooseAndTellsOfRanges() async throws {
        try await TestApp.run { app in
            let document = try await app.client.get("/openapi.json").json
            for prefix in ["", "/api/v1"] {
                let upload = document["paths"]?["\(prefix)/upload"]?["post"]
                let form = upload?["requestBody"]?["content"]?["multipart/form-data"]?["schema"]?["$ref"]
                #expect(form == "#/components/schemas/UploadForm")
                for status in ["201", "400", "401", "413", "415", "422", "507"] {
                    #expect(upload?["responses"]?[status] != nil, "\(status)")
                }
                let download = document["paths"]?["\(prefix)/download/{filename}"]?["get"]
                for status in ["200", "206", "304", "401", "404", "412", "416"] {
                    #expect(download?["responses"]?[status] != nil, "\(status)")
                }
            }
            let file = document["components"]?["schemas"]?["UploadForm"]?["properties"]?["file"]
            #expect(file?["type"] == "string")
            #expect(file?["format"] == "binary")
            #expect(file?["contentMediaType"] == "application/octet-stream")
        }
    }
}
