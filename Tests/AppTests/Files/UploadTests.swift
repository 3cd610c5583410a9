// What is taken and what is refused; and that nothing is kept of what was refused.

import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct UploadTests {
    @Test(arguments: TestSetup.all)
    func everyAllowedTypeIsStoredForWhatItIs(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
            let files: [(String, [UInt8], String)] = [
                ("a.txt", TestFiles.text, "text/plain"), ("a.pdf", TestFiles.pdf, "application/pdf"), ("a.png", TestFiles.png, "image/png"),
                ("a.jpg", TestFiles.jpeg, "image/jpeg"), ("A.JPEG", TestFiles.jpeg, "image/jpeg"), ("a.gif", TestFiles.gif, "image/gif"),
                ("a.doc", TestFiles.doc, "application/msword"), ("a.docx", TestFiles.docx, word), ("empty.txt", [], "text/plain"),
            ]
            for (name, content, type) in files {
                let answer = try await user.upload(name, content)
                #expect(answer.status == 201, "\(name): \(answer)")
                #expect(answer.json["filename"]?.string == name)
                #expect(answer.json["content_type"]?.string == type)
                #expect(answer.json["file_size"] == .number(JSONNumber(content.count)))
                try await #expect(user.get("/download/\(name)").body == content)
            }
            try #expect(app.storedFiles().count == files.count)
        }
    }

    @Test(arguments: TestSetup.all)
    func theAnswerTellsWhatWasStoredAndNothingOfTheServer(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let answer = try await user.upload(TestForm().file("my report.txt", Array("abc".utf8)), to: "/api/v1/upload/")
            #expect(answer.status == 201)
            guard case .object(let file) = answer.json else {
                Issue.record("no object: \(answer)")
                return
            }
            #expect(file.members.map(\.name) == ["id", "filename", "file_path", "file_size", "content_type", "sha256", "message"])
            #expect(file["file_path"] == "/download/my%20report.txt")
            #expect(file["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
            #expect(file["message"] == "File uploaded successfully")
            let id = try #require(file["id"]?.string)
            try #expect(app.storedFiles() == [id])
            try await #expect(app.fileAudit() == ["file.upload \(id)"])
            try #expect(permissions(of: "\(app.backend.configuration.dataDirectory)/files/\(id.prefix(2))/\(id)") == 0o600)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whatIsNotWhatItsNameSaysIsRefusedAndNotKept(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let mismatches: [(String, [UInt8])] = [
                ("a.png", TestFiles.jpeg), ("a.pdf", TestFiles.text), ("a.txt", TestFiles.png), ("a.txt", TestFiles.pdf), ("a.jpg", []),
                ("a.txt", [0x61, 0x00, 0x62]), ("a.txt", [0x67, 0x72, 0xFC, 0x6E, 0x0A]), ("a.txt", Array("cut \u{20AC}".utf8.dropLast())),
                ("a.gif", Array("<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>".utf8)), ("a.doc", TestFiles.docx),
                ("a.doc", TestFiles.ole(stream: "Workbook")), ("a.doc", TestFiles.ole(stream: "Workbook", padding: 120)),
                ("a.docx", TestFiles.zip(["a.txt"])), ("a.docx", TestFiles.zip(["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"])),
                ("a.docx", TestFiles.doc), ("a.docx", Array("PK\u{3}\u{4}".utf8)),
            ]
            for (name, content) in mismatches {
                let answer = try await user.upload(name, content)
                #expect(answer.status == 415, "\(name) \(content.prefix(20)): \(answer)")
                #expect(answer.code == "FILE_CONTENT_MISMATCH")
            }
            for name in ["a.exe", "a", "a.txt.exe", "a.html", "a.svg", ".txt", "txt", "a.pdf.", "a.t\u{200B}xt", "a.txt/b.js"] {
                let answer = try await user.upload(name, TestFiles.text)
                #expect(
                    name == "a.pdf." ? answer.code == "FILE_CONTENT_MISMATCH" : answer.code == "FILE_TYPE_NOT_ALLOWED", "\(name): \(answer)"
                )
                #expect(answer.status == 415)
            }
            try #expect(app.storedFiles().isEmpty)
            try await #expect(app.fileRows() == 0)
            try await #expect(app.fileAudit().isEmpty)
        }
    }

    @Test func documentsAreKnownHoweverTheyWereWritten() async throws {
        try await TestApp.run { app in
            let user = try await app.registered()
            let documents: [(String, [UInt8])] = [
                ("a.docx", TestFiles.zip(["_rels/.rels", "docProps/core.xml", "word/document.xml", "[Content_Types].xml"])),
                ("a.docx", TestFiles.zip(["word/document.xml", "[Content_Types].xml"])),
                ("a.doc", TestFiles.ole(stream: "WordDocument", padding: 120)),
                ("a.txt", Array("x".utf8)), ("a.txt", Array("{\"a\":1}".utf8)), ("a.txt", Array("From: a@b\nSubject: c\n\nd\n".utf8)),
                ("a.txt", [0xEF, 0xBB, 0xBF] + TestFiles.text), ("a.txt", Array("#!/bin/sh\necho\n".utf8)),
                ("a.txt", Array(String(repeating: "ä", count: 100_001).utf8)),
            ]
            for (name, content) in documents {
                let answer = try await user.upload(name, content)
                #expect(answer.status == 201, "\(name) \(content.prefix(20)): \(answer)")
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func everyFaultOfAFormIsNamed(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let form = TestForm()
            let forms: [(TestForm, Set<String>)] = [
                (form, ["missing at body.file"]),
                (form.field("other", "x"), ["extra_forbidden at body.other", "missing at body.file"]),
                (
                    form.file("a.txt", [97]).field("b", "x").field("c", ""),
                    ["extra_forbidden at body.b", "extra_forbidden at body.c"]
                ),
                (form.field("b", "x").file("a.txt", [97]), ["extra_forbidden at body.b"]),
                (form.file("a.txt", [97]).file("b.txt", [97]), ["value_error at body.file"]),
                (form.field("file", "text"), ["value_error at body.file"]),
                (form.file("", []), ["value_error at body.file"]),
                (form.file("..", [97]), ["value_error at body.file"]),
                (form.file("a.txt", [97], field: "upload"), ["extra_forbidden at body.upload", "missing at body.file"]),
            ]
            for (form, faults) in forms {
                let answer = try await user.upload(form)
                #expect(answer.status == 422, "\(answer)")
                #expect(answer.faults == faults)
            }
            try #expect(app.storedFiles().isEmpty)
            try await #expect(app.fileRows() == 0)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whatIsNoFormIsRefused(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let good = TestForm().file("a.txt", TestFiles.text)
            for type in ["application/json", "application/octet-stream", "multipart/mixed; boundary=x", "text/plain"] {
                let answer = try await user.send("POST", "/upload", ["Content-Type": type], good.body)
                #expect(answer.status == 415, "\(type)")
                #expect(answer.code == "UNSUPPORTED_MEDIA_TYPE")
            }
            try await #expect(user.send("POST", "/upload", [:], good.body).status == 415)
            for type in ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a\u{7E}b\""] {
                try await #expect(user.send("POST", "/upload", ["Content-Type": type], good.body).code == "MULTIPART_INVALID", "\(type)")
            }
            let bodies: [[UInt8]] = [
                [], Array("no form".utf8), good.bytes, Array(good.body.dropLast(4)), TestForm().part("filename=\"a.txt\"", [97]).body,
                TestForm().part("name=\"file\"; filename=\"a.txt\"\r\nContent-Transfer-Encoding: base64", [97]).body,
            ]
            for body in bodies {
                let answer = try await user.send("POST", "/upload", ["Content-Type": TestForm.contentType], body)
                #expect(answer.status == 400, "\(String(decoding: body, as: UTF8.self).debugDescription): \(answer)")
                #expect(answer.code == "MULTIPART_INVALID")
            }
            try await #expect(app.client.upload("a.txt", TestFiles.text).status == 401)
            try #expect(app.storedFiles().isEmpty)
            try await #expect(app.fileRows() == 0)
        }
    }

    @Test func namesAreKeptAsFarAsTheyAreNames() async throws {
        try await TestApp.run { app in
            let user = try await app.registered()
            let names: [(sent: String, kept: String)] = [
                ("grün 中文 👩‍👩‍👧.txt", "grün 中文 👩‍👩‍👧.txt"), ("../../etc/passwd.txt", "passwd.txt"), (#"C:\dir\new.txt"#, "new.txt"),
                ("..txt..", "txt"), ("a%0D%0Ab.txt", "ab.txt"), ("%22quoted%22.txt", "\"quoted\".txt"), (" a.txt ", "a.txt"),
                ("a\u{202E}txt.txt", "atxt.txt"), ("100%.txt", "100%.txt"), ("a;b=c&d?e#f.txt", "a;b=c&d?e#f.txt"), ("a\u{0}b.txt", ""),
                (String(repeating: "ä", count: 200) + ".txt", String(repeating: "ä", count: 125) + ".txt"),
            ]
            for (sent, kept) in names {
                let answer = try await user.upload(sent, TestFiles.text)
                if kept.isEmpty || kept == "txt" {
                    #expect(answer.status == (kept.isEmpty ? 400 : 415), "\(sent): \(answer)")
                    continue
                }
                #expect(answer.status == 201, "\(sent): \(answer)")
                #expect(answer.json["filename"]?.string == kept, "\(sent)")
                let path = try #require(answer.json["file_path"]?.string)
                let download = try await user.get(path)
                #expect(download.status == 200, "\(path)")
                #expect(download.body == TestFiles.text)
                try await #expect(user.delete(path.replacing("/download/", with: "/delete/")).status == 200)
            }
            try await #expect(app.fileRows() == 0)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aNameThatIsTakenBecomesAnotherOne(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let other = try await app.registered("bob")
            func stored(_ name: String, by client: TestClient) async throws -> String? {
                try await client.upload(name, Array(name.utf8)).json["filename"]?.string
            }
            try await #expect(stored("report.txt", by: user) == "report.txt")
            try await #expect(stored("report.txt", by: user) == "report (2).txt")
            try await #expect(stored("report (2).txt", by: user) == "report (2) (2).txt")
            try await #expect(stored("report.txt", by: user) == "report (3).txt")
            try await #expect(stored("Report.txt", by: user) == "Report.txt")
            try await #expect(stored("report.txt", by: other) == "report.txt")
            try await #expect(user.delete("/delete/report%20(2).txt").status == 200)
            try await #expect(stored("report.txt", by: user) == "report (2).txt")
            let long = String(repeating: "x", count: 251) + ".txt"
            try await #expect(stored(long, by: user) == long)
            try await #expect(stored(long, by: user) == String(repeating: "x", count: 247) + " (2).txt")
            for number in 4...20 { try await #expect(stored("report.txt", by: user) == "report (\(number)).txt") }
            try await #expect(user.get("/download/report.txt").text == "report.txt")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func uploadsOfOneNameAtOnceAreAllKept(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let address = try #require(app.address)
            var clients: [RawClient] = []
            for _ in 0..<6 { clients.append(try await RawClient.connect(to: address, loop: app.loop)) }
            for (index, client) in clients.enumerated() {
                client.send(user.uploadRequest(TestForm().file("same.txt", Array("content \(index)".utf8))))
            }
            for client in clients { try await client.receive { $0.contains("\r\n\r\n{") } }
            for client in clients { #expect(client.received.hasPrefix("HTTP/1.1 201 "), "\(client.received)") }
            let names = try await user.get("/files").json.array?.compactMap { $0["filename"]?.string }
            #expect(names.map(Set.init) == ["same.txt", "same (2).txt", "same (3).txt", "same (4).txt", "same (5).txt", "same (6).txt"])
        }
    }
}
