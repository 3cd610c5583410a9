// How much is taken, how slowly it may come, and what is left of an upload that does not come to its end.

import Actors
import Reactor
import Synchronization
import TestSupport
import Testing

@testable import App

@Suite struct UploadLimitTests {
    @Test(arguments: TestSetup.all)
    func aFileMayBeAsLargeAsTheLimitAndNoLarger(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: { $0.files.maxUploadBytes = 100_000 }) { app in
            let user = try await app.registered()
            let content = [UInt8](repeating: 0x61, count: 100_000)
            try await #expect(user.upload("a.txt", content).status == 201)
            let tooLarge = try await user.upload("b.txt", content + [0x61])
            #expect(tooLarge.status == 413)
            #expect(tooLarge.code == "FILE_TOO_LARGE")
            try #expect(app.storedFiles().count == 1)
            try await #expect(app.fileRows() == 1)
        }
    }

    @Test func fiveMebibytesAreTakenAndAByteMoreIsNot() async throws {
        try await TestApp.run { app in
            let user = try await app.registered()
            let content = [UInt8](repeating: 0x61, count: 5 << 20)
            try await #expect(user.upload("a.txt", content).status == 201)
            try await #expect(user.get("/download/a.txt").body == content)
            try await #expect(user.upload("b.txt", content + [0x61]).status == 413)
            try #expect(app.storedFiles().count == 1)
        }
    }

    @Test func whatIsAnnouncedAsTooLargeIsRefusedBeforeItIsSent() async throws {
        try await TestApp.run(on: TestSetup(way: .socket)) { app in
            let user = try await app.registered()
            let client = try await RawClient.connect(to: try #require(app.address), loop: app.loop)
            client.send(
                """
                POST /upload HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer \(user.token ?? "")\r\nExpect: 100-continue\r
                Content-Type: \(TestForm.contentType)\r\nContent-Length: \(6 << 20)\r\n\r\n
                """)
            try await client.receive { $0.contains("\r\n\r\n{") }
            #expect(client.received.hasPrefix("HTTP/1.1 413 "))
            #expect(client.received.contains("FILE_TOO_LARGE"))
        }
    }

    @Test func aChunkedBodyIsMeasuredAsItComes() async throws {
        try await TestApp.run(on: TestSetup(way: .socket), configure: { $0.files.maxUploadBytes = 1_000 }) { app in
            let user = try await app.registered()
            let client = try await RawClient.connect(to: try #require(app.address), loop: app.loop)
            let head = """
                POST /upload HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer \(user.token ?? "")\r\nTransfer-Encoding: chunked\r
                Content-Type: \(TestForm.contentType)\r\n\r\n
                """
            let body = TestForm().file("a.txt", [UInt8](repeating: 0x61, count: 999)).bytes
            client.send(Array(head.utf8) + Array("\(String(body.count, radix: 16))\r\n".utf8) + body + Array("\r\n".utf8))
            let rest = Array("--\(TestForm.boundary)--".utf8)
            client.send(Array("\(String(rest.count, radix: 16))\r\n".utf8) + rest + Array("\r\n0\r\n\r\n".utf8))
            try await client.receive { $0.contains("\r\n\r\n{") }
            #expect(client.received.hasPrefix("HTTP/1.1 201 "), "\(client.received)")
            client.clear()
            // Past the limit it is refused, whatever else was to come.
            let more = TestForm().file("b.txt", [UInt8](repeating: 0x61, count: 1_001)).bytes
            client.send(Array(head.utf8) + Array("\(String(more.count, radix: 16))\r\n".utf8) + more)
            try await client.receive { $0.contains("\r\n\r\n{") }
            #expect(client.received.hasPrefix("HTTP/1.1 413 "), "\(client.received)")
            try #expect(app.storedFiles().count == 1)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func anUploadMayComeByteByByte(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let client = try await RawClient.connect(to: try #require(app.address), loop: app.loop)
            let content = Array("one\r\n--\(TestForm.boundary.dropLast())\r\ntwo\r\n".utf8)
            for byte in user.uploadRequest(TestForm().file("slow.txt", content)) {
                client.send([byte])
                // Once round the loop, so that each byte is a read of its own.
                try await app.loop.sleep(for: .zero)
            }
            try await client.receive { $0.contains("\r\n\r\n{") }
            #expect(client.received.hasPrefix("HTTP/1.1 201 "), "\(client.received)")
            try await #expect(user.get("/download/slow.txt").body == content)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aClientThatLeavesMidwayLeavesNothing(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let request = user.uploadRequest(TestForm().file("a.txt", [UInt8](repeating: 0x61, count: 300_000)))
            let client = try await RawClient.connect(to: try #require(app.address), loop: app.loop)
            client.send(Array(request.dropLast(1_000)))
            try await #expect(eventually(on: app.loop) { (try? app.storedFiles().count) == 1 })
            client.abort()
            try await #expect(eventually(on: app.loop) { (try? app.storedFiles().isEmpty) == true })
            try await #expect(app.fileRows() == 0)
            try await #expect(user.get("/files").json == [])
        }
    }

    // MARK: Quota

    @Test(arguments: TestSetup.overSockets)
    func aUsersFilesTogetherStayBelowTheQuota(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: { $0.files.quotaBytes = 1_000 }) { app in
            let user = try await app.registered()
            let other = try await app.registered("bob")
            func upload(_ count: Int, by client: TestClient) async throws -> HTTPTestResponse {
                try await client.upload("a.txt", [UInt8](repeating: 0x61, count: count))
            }
            try await #expect(upload(600, by: user).status == 201)
            let refused = try await upload(401, by: user)
            #expect(refused.status == 507)
            #expect(refused.code == "UPLOAD_QUOTA_EXCEEDED")
            try await #expect(upload(1_001, by: other).status == 507)
            try await #expect(upload(1_000, by: other).status == 201)
            try await #expect(upload(400, by: user).status == 201)
            try await #expect(upload(0, by: user).status == 507)
            try #expect(app.storedFiles().count == 3)
            try await #expect(user.delete("/delete/a.txt").status == 200)
            try await #expect(upload(600, by: user).status == 201)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func ofTwoUploadsAtOnceThatFitAloneOneIsKept(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: { $0.files.quotaBytes = 1_000 }) { app in
            let user = try await app.registered()
            var clients: [RawClient] = []
            for _ in 0..<4 { clients.append(try await RawClient.connect(to: try #require(app.address), loop: app.loop)) }
            for client in clients { client.send(user.uploadRequest(TestForm().file("a.txt", [UInt8](repeating: 0x61, count: 600)))) }
            for client in clients { try await client.receive { $0.contains("\r\n\r\n{") } }
            #expect(clients.count { $0.received.hasPrefix("HTTP/1.1 201 ") } == 1)
            #expect(clients.count { $0.received.hasPrefix("HTTP/1.1 507 ") } == 3)
            try await #expect(app.fileRows() == 1)
            try #expect(app.storedFiles().count == 1)
        }
    }

    // MARK: Disk

    @Test(arguments: TestSetup.overSockets)
    func whateverStepTheDiskIsFullAtNothingIsKept(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let id = Int64(try await user.get("/auth/me").json["id"]?.integer ?? 0)
            let principal = Principal(userID: id, username: "alice", role: "user", sessionID: SessionID(rawValue: ""))
            let origin = RequestOrigin(clientAddress: "test", requestID: "test")
            // Folder, open, two writes, fsync, rename, fsync of the folder.
            for failing in 1...7 {
                let calls = Mutex(0)
                let store = FileStore(
                    loop: app.loop, root: "\(app.backend.configuration.dataDirectory)/files", maxFileBytes: 1_000
                ) { operation throws(FileError) in
                    let call = calls.withLock { calls in
                        calls += 1
                        return calls
                    }
                    if call == failing { throw FileError(code: 28, operation: operation.rawValue) }
                }
                let service = FileService(database: app.services.database, store: store, quotaBytes: 10_000)
                var pieces: [[UInt8]] = [[0x61], [0x62]]
                let error = await #expect(throws: FileStoreError.self, "\(failing)") {
                    _ = try await service.upload(named: "a.txt", for: principal, from: origin) {
                        pieces.isEmpty ? nil : pieces.removeFirst()
                    }
                }
                #expect(error.map { APIError($0).status } == .insufficientStorage)
                #expect(error.map { APIError($0).code } == "STORAGE_FULL")
                try #expect(app.storedFiles().isEmpty, "\(failing)")
            }
            try await #expect(app.fileRows() == 0)
            try await #expect(app.fileAudit().isEmpty)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func anAccountThatIsRemovedMeanwhileKeepsNothing(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let request = user.uploadRequest(TestForm().file("a.txt", TestFiles.text))
            let client = try await RawClient.connect(to: try #require(app.address), loop: app.loop)
            client.send(Array(request.dropLast(1)))
            try await #expect(eventually(on: app.loop) { (try? app.storedFiles().count) == 1 })
            try await #expect(user.delete("/auth/me").status < 300)
            client.send(Array(request.suffix(1)))
            try await client.receive { $0.contains("\r\n\r\n{") }
            #expect(client.received.hasPrefix("HTTP/1.1 401 "), "\(client.received)")
            try #expect(app.storedFiles().isEmpty)
        }
    }
}
