// Downloads: header fields, ranges, conditions, names, and whose they are.

import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct DownloadTests {
    private static let content = Array("0123456789".utf8)

    @Test(arguments: TestSetup.all)
    func aFileIsAnAttachmentThatNobodyTakesForAPage(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let file = try await user.upload("Grüße %221%22 50%.txt", Self.content).json
            let path = try #require(file["file_path"]?.string)
            let answer = try await user.get(path)
            #expect(answer.status == 200)
            #expect(answer.body == Self.content)
            #expect(answer.header("Content-Type") == "text/plain; charset=utf-8")
            #expect(
                answer.header("Content-Disposition")
                    == "attachment; filename=\"Gr__e _1_ 50_.txt\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%221%22%2050%25.txt")
            #expect(answer.header("X-Content-Type-Options") == "nosniff")
            #expect(answer.header("Accept-Ranges") == "bytes")
            #expect(answer.header("ETag") == file["sha256"]?.string.map { "\"\($0)\"" })
            #expect(answer.header("Last-Modified")?.hasSuffix(" GMT") == true)
            #expect(answer.header("Cache-Control") == "private, no-cache")
            if setup.way == .socket { #expect(answer.header("Content-Length") == "10") }

            let head = try await user.send("HEAD", path, ["Range": "bytes=0-1"])
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            #expect(head.header("ETag") == answer.header("ETag"))
            if setup.way == .socket { #expect(head.header("Content-Length") == "10") }

            let id = try #require(file["id"]?.string)
            for target in ["/api/v1\(path)", "/api/v1/files/\(id)/content", "/files/\(id.uppercased())/content/"] {
                try await #expect(user.get(target).body == Self.content, "\(target)")
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func oneRangeIsAnsweredAndWhatIsNoneIsIgnored(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            _ = try await user.upload("a.txt", Self.content)
            let parts: [(String, String, String)] = [
                ("bytes=0-0", "0", "bytes 0-0/10"), ("bytes=2-5", "2345", "bytes 2-5/10"), ("bytes=5-", "56789", "bytes 5-9/10"),
                ("bytes=-3", "789", "bytes 7-9/10"), ("bytes=-99", "0123456789", "bytes 0-9/10"), ("bytes=9-99", "9", "bytes 9-9/10"),
                ("BYTES= 3 - 4 ", "34", "bytes 3-4/10"), ("bytes=0-99999999999999999999", "0123456789", "bytes 0-9/10"),
            ]
            for (range, expected, contentRange) in parts {
                let answer = try await user.get("/download/a.txt", ["Range": range])
                #expect(answer.status == 206, "\(range): \(answer)")
                #expect(answer.text == expected, "\(range)")
                #expect(answer.header("Content-Range") == contentRange)
                #expect(answer.header("Content-Length") == String(expected.utf8.count))
                #expect(answer.header("ETag") != nil)
            }
            for range in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-"] {
                let answer = try await user.get("/download/a.txt", ["Range": range])
                #expect(answer.status == 416, "\(range): \(answer)")
                #expect(answer.header("Content-Range") == "bytes */10")
                #expect(answer.code == "RANGE_NOT_SATISFIABLE")
            }
            for range in [
                "bytes=0-1,3-4", "bytes=5-2", "bytes=", "bytes=-", "bytes", "lines=0-1", "bytes=a-b", "bytes=0x1-2", "bytes=1-2-3",
            ] {
                let answer = try await user.get("/download/a.txt", ["Range": range])
                #expect(answer.status == 200, "\(range): \(answer)")
                #expect(answer.body == Self.content)
                #expect(answer.header("Content-Range") == nil)
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aLargeFileIsReadInPiecesAndItsRangesFit(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let content = (0..<300_000).map { UInt8(0x61 + $0 % 23) }
            try await #expect(user.upload("a.txt", content).status == 201)
            try await #expect(user.get("/download/a.txt").body == content)
            for range in [0..<65_536, 65_535..<65_537, 131_072..<300_000, 1..<299_999] {
                let answer = try await user.get("/download/a.txt", ["Range": "bytes=\(range.lowerBound)-\(range.upperBound - 1)"])
                #expect(answer.body == Array(content[range]), "\(range)")
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func conditionsAreLookedAtInTheirOrder(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            _ = try await user.upload("a.txt", Self.content)
            let first = try await user.get("/download/a.txt")
            let tag = try #require(first.header("ETag"))
            let date = try #require(first.header("Last-Modified"))
            let cases: [([String: String], Int)] = [
                (["If-None-Match": tag], 304), (["If-None-Match": "\"x\", W/\(tag)"], 304), (["If-None-Match": "*"], 304),
                (["If-None-Match": "\"x\""], 200), (["If-Modified-Since": date], 304),
                (["If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"], 200),
                (["If-None-Match": "\"x\"", "If-Modified-Since": date], 200),
                (["If-Match": tag], 200), (["If-Match": "\"x\""], 412), (["If-Match": "\"x\"", "If-None-Match": tag], 412),
                (["Range": "bytes=0-1", "If-None-Match": tag], 304), (["Range": "bytes=0-1", "If-Range": tag], 206),
                (["Range": "bytes=0-1", "If-Range": date], 206), (["Range": "bytes=0-1", "If-Range": "\"x\""], 200),
                (["Range": "bytes=0-1", "If-Range": "W/\(tag)"], 200), (["Range": "bytes=99-", "If-Range": "\"x\""], 200),
            ]
            for (fields, status) in cases {
                let answer = try await user.get("/download/a.txt", fields)
                #expect(answer.status == status, "\(fields): \(answer)")
                if status == 304 {
                    #expect(answer.body.isEmpty)
                    #expect(answer.header("ETag") == tag)
                }
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func anEmptyFileIsDownloadedToo(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            _ = try await user.upload("a.txt", [])
            try await #expect(user.get("/download/a.txt").status == 200)
            try await #expect(user.get("/download/a.txt", ["Range": "bytes=0-"]).status == 416)
            try await #expect(user.get("/download/a.txt", ["Range": "bytes=-5"]).status == 200)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func nobodyElseSeesAFileAndNoPathLeadsOutOfTheStore(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let owner = try await app.registered("ada")
            let stranger = try await app.registered("bob")
            let id = try #require(try await owner.upload("a.txt", Self.content).json["id"]?.string)
            for target in [
                "/download/a.txt", "/files/\(id)", "/files/\(id)/content", "/api/v1/files/\(id)", "/files/\(FileIDs.unknown)",
                "/files/\(FileIDs.unknown)/content",
            ] {
                let answer = try await stranger.get(target)
                #expect(answer.status == 404, "\(target)")
                #expect(answer.code == "FILE_NOT_FOUND")
            }
            for target in ["/delete/a.txt", "/files/\(id)", "/api/v1/delete/a.txt", "/api/v1/files/\(id)"] {
                try await #expect(stranger.delete(target).status == 404, "\(target)")
            }
            for name in [
                "..", "%2e%2e", "..%2fa.txt", "%2e%2e%2f%2e%2e%2ftest.db", "a.txt%00", "a.txt%2f", "files%5ca.txt", id,
                "\(id.prefix(2))%2f\(id)",
                "%ff", "a.tx%74%0a", "%252e%252e%252fa.txt", "A.TXT", "a.txt%20",
            ] {
                try await #expect(owner.get("/download/\(name)").status == 404, "\(name)")
                try await #expect(owner.delete("/delete/\(name)").status == 404, "\(name)")
            }
            try await #expect(owner.get("/files/not-a-uuid").status == 422)
            try await #expect(owner.get("/download/%61.txt").body == Self.content)
            for target in ["/files", "/download/a.txt", "/files/\(id)"] { try await #expect(app.client.get(target).status == 401) }
            try await #expect(app.client.delete("/delete/a.txt").status == 401)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aFileThatIsGoneFromTheDiskIsNotFound(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let id = try #require(try await user.upload("a.txt", Self.content).json["id"]?.string)
            try DurableFile.remove(directory: "\(app.backend.configuration.dataDirectory)/files/\(id.prefix(2))", name: id)
            try await #expect(user.get("/download/a.txt").code == "FILE_NOT_FOUND")
            try await #expect(user.delete("/delete/a.txt").status == 200)
        }
    }
}

enum FileIDs {
    static let unknown = "0b7a8f6e-0000-4000-8000-00000000000a"
}
