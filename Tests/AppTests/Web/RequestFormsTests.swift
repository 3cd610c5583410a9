// Requests as browsers, proxies and other protocols' clients write them: each gets the response that it is due.

@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct RequestFormsTests {
    private static func run(_ test: @escaping @Sendable (TestApp) async throws -> Void) async throws {
        try await TestApp.run(on: TestSetup(way: .socket), test)
    }

    @Test func everyRegisteredMethodThatAPathDoesNotHaveIs405() async throws {
        try await Self.run { app in
            for method in HTTPMethod.allCases where ![.get, .head, .options, .connect].contains(method) {
                let response = try await app.client.send(method.rawValue, "/health/live")
                #expect(response.status == 405, "\(method.rawValue)")
                #expect(response.header("allow") == "GET, HEAD, OPTIONS", "\(method.rawValue)")
                #expect(try await app.client.send(method.rawValue, "/nowhere").status == 404, "\(method.rawValue)")
            }
            #expect(try await app.client.send("BREW", "/health/live").status == 501)
            #expect(try await app.client.send("PROPFINDS", "/health/live").status == 501)
            #expect(try await app.client.send("propfind", "/health/live").status == 501)
        }
    }

    @Test func anAbsoluteTargetWithoutAPathIsTheRoot() async throws {
        try await Self.run { app in
            let root = try await app.client.get("/")
            #expect(root.status == 200)
            for target in ["http://example.com", "https://example.com:8443", "http://example.com?x=1", "http://[::1]?", "http://a?%"] {
                let response = try await app.client.get(target)
                #expect(response.status == 200, "\(target)")
                #expect(response.body == root.body, "\(target)")
            }
        }
    }

    @Test func aPercentSignThatBeginsNoEscapeStandsForItselfInAQuery() async throws {
        try await Self.run { app in
            let author = try await app.registered("author")
            let texts = ["100%", "50%-", "%zz", "%4", "%%41"]
            for text in texts {
                let created = try await author.post("/tasks", json: ["title": .string(Text(text))])
                #expect(created.status == 201)
            }
            for text in texts {
                // "%41" is an escape, and the percent sign before it stands for itself.
                let wanted = text == "%%41" ? "%A" : text
                let found = try await author.get("/tasks?search=\(text)")
                #expect(found.status == 200, "\(text)")
                let titles = found.json.array?.compactMap { $0["title"]?.string } ?? []
                #expect(titles.allSatisfy { $0.contains(wanted) } && (titles.isEmpty == (text == "%%41")), "\(text): \(titles)")
            }
            #expect(try await author.get("/tasks/%").status == 400)
        }
    }

    private static let bodies: [(method: String, path: String, type: String)] = [
        ("POST", "/auth/login", "application/json"), ("POST", "/auth/login/access-token", "application/x-www-form-urlencoded"),
        ("POST", "/tasks", "application/json"), ("POST", "/upload", "multipart/form-data; boundary=b"),
        ("PATCH", "/auth/me", "application/json"),
    ]

    @Test(arguments: bodies)
    func aCompressedBodyIs415(method: String, path: String, type: String) async throws {
        try await Self.run { app in
            let user = try await app.registered("sender")
            for coding in ["gzip", "br", "GZIP", "identity, gzip", "x"] {
                let response = try await user.send(
                    method, path, ["Content-Type": type, "Content-Encoding": coding], Array("\u{1F}\u{8B}".utf8))
                #expect(response.status == 415, "\(coding)")
                #expect(response.header("accept-encoding") == "identity", "\(coding)")
                #expect(response.json["code"]?.string == "UNSUPPORTED_CONTENT_ENCODING", "\(coding)")
            }
            let plain = try await user.send(method, path, ["Content-Type": type, "Content-Encoding": "Identity"], Array("{}".utf8))
            #expect(plain.status != 415)
        }
    }
}
