// The documentation's pages and files, through the whole application.

@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct DocsAppTests {
    private static let assets = DocsAssets(files: [
        "swagger-ui.css": Array("body {}".utf8), "swagger-ui-bundle.js": Array("var a".utf8),
        "swagger-ui-standalone-preset.js": Array("var b".utf8), "redoc.standalone.js": Array("var c".utf8),
        "oauth2-redirect.html": Array("<script src=\"oauth2-redirect.js\"></script>".utf8),
        "oauth2-redirect.js": Array("var d".utf8), "favicon-32x32.png": [0x89, 0x50], "secret.txt": Array("no".utf8),
    ])

    /// What a page loads by itself.
    private static func references(in page: String) -> [String] {
        page.split(separator: "\"").filter { $0.hasPrefix("/docs/") }.map(String.init)
    }

    @Test(arguments: TestSetup.overSockets)
    func everythingThatThePagesLoadIsServedHere(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, docs: Self.assets) { app in
            for path in ["/docs", "/docs/", "/redoc"] {
                let page = try await app.client.get(path)
                #expect(page.status == 200, "\(path)")
                #expect(!page.text.contains("http"), "\(path) names another server")
                #expect(!page.text.contains("<script>"), "\(path) has an inline script")
                let policy = page.header("content-security-policy") ?? ""
                #expect(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"))
                let references = Self.references(in: page.text)
                #expect(references.contains { $0.contains(".js") })
                for reference in references {
                    let file = try await app.client.get(reference)
                    #expect(file.status == 200, "\(reference)")
                    #expect(file.header("cache-control")?.contains("immutable") == true)
                    #expect(file.header("x-content-type-options") == "nosniff")
                    let again = try await app.client.get(reference, ["If-None-Match": file.header("etag") ?? ""])
                    #expect(again.status == 304)
                }
            }
        }
    }

    @Test func onlyKnownFilesAreServed() async throws {
        try await TestApp.run(docs: Self.assets) { app in
            for path in ["/docs/secret.txt", "/docs/..%2F..%2Fetc%2Fpasswd", "/docs/unknown.js"] {
                let answer = try await app.client.get(path)
                #expect(answer.status == 404, "\(path)")
            }
            let redirect = try await app.client.get("/docs/oauth2-redirect")
            #expect(redirect.text.contains("oauth2-redirect.js"))
        }
    }

    @Test func withoutTheFilesThePagesSayHowToGetThem() async throws {
        try await TestApp.run { app in
            for path in ["/docs", "/redoc"] {
                let page = try await app.client.get(path)
                #expect(page.status == 503)
                #expect(page.text.contains("make setup"))
            }
        }
    }

    @Test(arguments: TestSetup.all)
    func theDocumentIsServedWithItsTag(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: { $0.appName = "Mine" }) { app in
            let document = try await app.client.get("/openapi.json")
            #expect(document.json["openapi"]?.string == "3.1.0")
            #expect(document.json["info"]?["title"]?.string == "Mine")
            #expect(document.json["paths"]?["/api/v1/tasks"]?["post"] != nil)
            let again = try await app.client.get("/openapi.json", ["If-None-Match": document.header("etag") ?? ""])
            #expect(again.status == 304)
        }
    }

    @Test func filesAreFoundInTheFolderThatIsNamed() async throws {
        try await withTemporaryFolder { folder in
            try await withLoop { isolation in
                let loop = isolation.loop
                try await loop.runBlocking { try DurableFile.write(Array("var c".utf8), directory: folder, name: "redoc.standalone.js") }
                let assets = await DocsAssets.load(from: folder, on: loop)
                #expect(assets.hasReDoc)
                #expect(!assets.hasSwaggerUI)
                let none = await DocsAssets.load(from: "\(folder)/none", on: loop)
                #expect(!none.hasReDoc)
            }
        }
    }
}
