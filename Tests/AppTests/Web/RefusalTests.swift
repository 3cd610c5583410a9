// What the server refuses without a handler looks like every other error of the API.

@testable import App
import Reactor
import TestSupport
import Testing

struct RefusalTests {
    /// Request bytes that the parser refuses, and the status: one of each group of its errors.
    private static let malformed: [(String, Int)] = [
        ("GET /%zz HTTP/1.1\r\nHost: a\r\n@\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n@\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n@\r\nX : y\r\n\r\n", 400), ("GET / HTTP/1.1\r\n@\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n@\r\nContent-Length: x\r\n\r\n", 400),
        ("GET /\(String(repeating: "a", count: 9_000)) HTTP/1.1\r\nHost: a\r\n@\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: a\r\n@\r\nX: \(String(repeating: "a", count: 17_000))\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\n@\r\n\(String(repeating: "X: y\r\n", count: 101))\r\n", 431),
        ("BREW / HTTP/1.1\r\nHost: a\r\n@\r\n\r\n", 501), ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n@\r\n\r\n", 405),
        ("POST / HTTP/1.1\r\nHost: a\r\n@\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: a\r\n@\r\nExpect: more\r\n\r\n", 417), ("GET / HTTP/2.0\r\nHost: a\r\n@\r\n\r\n", 505),
        // Timeouts: half a head, and half a body.
        ("GET / HTTP/1.1\r\nHost: a\r\n@\r\n", 408),
        ("POST /auth/login HTTP/1.1\r\nHost: a\r\n@\r\nContent-Length: 9\r\n\r\n{", 408),
        // A chunk that is none, in a body whose handler has begun.
        ("POST /auth/login HTTP/1.1\r\nHost: a\r\n@\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", 400),
    ]

    /// A browser's script must be able to read every error, and an operator to find it.
    @Test(arguments: malformed)
    func carriesWhatEveryResponseCarries(request: String, status: Int) async throws {
        let fields = "oRiGiN: \t https://app.example \r\nX-Request-ID: sent-by-the-client"
        let bytes = request.split(separator: "@", omittingEmptySubsequences: false).joined(separator: fields)
        try await RefusalTests.refusal(
            of: bytes,
            configure: {
                $0.cors.origins = ["https://app.example"]
                $0.server.http.headerTimeout = .milliseconds(100)
                $0.server.http.bodyIdleTimeout = .milliseconds(100)
            }
        ) { answer in
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
            for field in [
                "Access-Control-Allow-Origin: https://app.example", "Access-Control-Allow-Credentials: true", "Vary: Origin",
                "X-Request-ID: sent-by-the-client", "X-Content-Type-Options: nosniff", "X-Frame-Options: DENY", "Cache-Control: no-store",
                "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'", "Content-Type: application/json",
                "Connection: close",
            ] {
                #expect(answer.contains("\r\n\(field)\r\n"), "without \(field)")
            }
            #expect(answer.contains("\r\nAccess-Control-Expose-Headers: "))
            #expect(answer.contains(#""request_id":"sent-by-the-client""#))
            #expect((status == 405) == answer.contains("\r\nAllow: GET, "))
        }
    }

    @Test func otherOriginsAndForgedFieldsAreNotEchoed() async throws {
        for field in ["Origin: https://evil.example", "Origin: https://app.example\u{1}", "XOrigin: https://app.example"] {
            try await RefusalTests.refusal(
                of: "GET /%zz HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\nOrigin: https://app.example\r\n",
                configure: { $0.cors.origins = ["https://app.example"] }
            ) { answer in
                #expect(answer.hasPrefix("HTTP/1.1 400 "))
                #expect(!answer.contains("Access-Control-Allow-Origin"))
                #expect(answer.contains("\r\nVary: Origin\r\n"))
            }
        }
    }

    private static func refusal(
        of bytes: String, configure: @Sendable @escaping (inout AppConfiguration) -> Void = { _ in },
        _ check: @escaping @Sendable (String) -> Void
    ) async throws {
        try await TestApp.run(on: TestSetup(way: .socket), configure: configure) { app in
            let client = try await RawClient.connect(to: try #require(app.address), loop: app.loop)
            client.send(bytes)
            check(try await client.receiveToEnd())
            client.abort()
        }
    }

    @Test func malformedRequestsCarryARequestIDAndTheSecurityHeaders() async throws {
        try await RefusalTests.refusal(of: "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") { answer in
            #expect(answer.hasPrefix("HTTP/1.1 400 "))
            let id = answer.split(separator: "\r\n").first { $0.hasPrefix("X-Request-ID: ") }?.dropFirst("X-Request-ID: ".count)
            #expect(id?.count == 32)
            #expect(answer.contains("\"request_id\":\"\(id ?? "?")\""))
            #expect(answer.contains("\"code\":\"BAD_REQUEST\""))
            #expect(answer.contains("X-Content-Type-Options: nosniff\r\n"))
            #expect(answer.contains("Connection: close\r\n"))
        }
    }

    @Test func bodiesThatStallAreRefusedUnderTheNameTheClientGave() async throws {
        let head = "POST /auth/login HTTP/1.1\r\nHost: a\r\nX-Request-ID: mine-1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n"
        try await RefusalTests.refusal(of: head + "\r\n{", configure: { $0.server.http.bodyIdleTimeout = .milliseconds(50) }) { answer in
            #expect(answer.hasPrefix("HTTP/1.1 408 "))
            #expect(answer.contains("X-Request-ID: mine-1\r\n"))
            #expect(answer.contains("\"request_id\":\"mine-1\""))
        }
    }

    @Test func refusalsAreProblemsForWhoAsksForThem() async throws {
        let fields = "Host: a\r\nAccept: application/problem+json\r\nContent-Type: application/json\r\nContent-Length: 9\r\n"
        try await RefusalTests.refusal(
            of: "POST /auth/login HTTP/1.1\r\n\(fields)\r\n{", configure: { $0.server.http.bodyIdleTimeout = .milliseconds(50) }
        ) { answer in
            #expect(answer.contains("Content-Type: application/problem+json\r\n"))
            #expect(answer.contains("\"status\":408"))
        }
    }

    @Test func bodiesAndNestingAreLimitedByTheSettings() async throws {
        try await TestApp.run(configure: {
            $0.server.bodies.maxBytes = 2_048
            $0.server.bodies.maxJSONDepth = 3
        }) { app in
            let large = try await app.client.post(
                "/auth/login", json: ["username": .string(String(repeating: "a", count: 2_048)), "password": "b"])
            #expect(large.status == 413)
            let deep = try await app.client.send(
                "POST", "/auth/login", ["Content-Type": "application/json"], Array("[[[[1]]]]".utf8))
            #expect(deep.status == 422)
            #expect(String(decoding: deep.body, as: UTF8.self).contains("Nested more than 3 levels deep"))
        }
    }
}
