// What the server refuses without a handler looks like every other error of the API.

@testable import App
import Reactor
import TestSupport
import Testing

struct RefusalTests {
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
