// What a client that still sends sees of the last response: the response and FIN, and no reset while it may be reading.

import Reactor
import TestSupport
import Testing

@Suite struct HTTPLingeringTests {
    private static func upload(_ size: Int) -> String { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n" }
    private static let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    private static let piece = [UInt8](repeating: 0x78, count: 100_000)

    private static func limits(linger: Duration) -> HTTPLimits {
        var limits = HTTPLimits()
        limits.lingerTimeout = linger
        return limits
    }

    private static let refusal: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in text("no", .unauthorized) }

    /// Sends until the server takes no more, and returns how much it took.
    private static func sendUntilBlocked(_ client: RawClient, on loop: EventLoop) async throws -> Int {
        var sent = 0
        while client.bytesUnsent == 0, sent < 64_000_000, !client.isClosed {
            client.send(piece)
            sent += piece.count
            try await loop.sleep(for: .milliseconds(1))
        }
        return sent
    }

    /// Each way in which a response ends a connection whose client goes on sending.
    @Test(arguments: [
        upload(100_000_000), chunked + "186A0\r\n", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", chunked + "z\r\n",
    ])
    func aClientThatGoesOnSendingIsStoppedAndNotReset(head: String) async throws {
        try await withServer(limits: Self.limits(linger: .seconds(3)), Self.refusal) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send(head)
            try await client.receiveToEnd()
            let sent = try await Self.sendUntilBlocked(client, on: isolation.loop)
            // What the server reads is bounded; the rest lies in the kernel's buffers.
            #expect(sent < 32_000_000)
            try await isolation.loop.sleep(for: .milliseconds(300))
            #expect(client.failure == nil)
            #expect(!client.isClosed)
            #expect(client.received.hasPrefix("HTTP/1.1 40"))
            // In the end there is one.
            let ends = try await eventually(within: .seconds(20), on: isolation.loop) { client.isClosed }
            #expect(ends)
            let isForgotten = try await eventually(on: isolation.loop) { await server.statistics().connectionsOpen == 0 }
            #expect(isForgotten)
        }
    }

    @Test func aClientThatClosesInsteadIsForgottenAtOnce() async throws {
        try await withServer(limits: Self.limits(linger: .seconds(60)), Self.refusal) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send(Self.upload(100_000_000))
            try await client.receiveToEnd()
            // More than is read, and less than the kernel keeps for it: FIN gets through.
            for _ in 0..<5 { client.send(Self.piece) }
            let isSent = try await eventually(on: isolation.loop) { client.bytesUnsent == 0 }
            #expect(isSent)
            client.abort()
            let isForgotten = try await eventually(within: .seconds(3), on: isolation.loop) {
                await server.statistics().connectionsOpen == 0
            }
            #expect(isForgotten)
        }
    }

    /// Short enough for the connection to be kept, but too slow for that.
    @Test func aSlowBodyThatNobodyReadsEndsWithFINBeforeAReset() async throws {
        try await withServer(limits: Self.limits(linger: .milliseconds(500)), Self.refusal) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send(Self.upload(100_000))
            try await client.receive { $0.hasSuffix("no") }
            var sent = 0
            while !client.hasEnded, sent < 1_000 {
                client.send("x")
                sent += 1
                try await isolation.loop.sleep(for: .milliseconds(20))
            }
            // It was FIN: the writes go on for as long again.
            for _ in 0..<5 {
                client.send("x")
                try await isolation.loop.sleep(for: .milliseconds(20))
            }
            #expect(client.failure == nil)
            #expect(!client.isClosed)
            client.abort()
        }
    }

    @Test func aBodyThatArrivesDuringADrainEndsWithFIN() async throws {
        try await withServer(limits: Self.limits(linger: .milliseconds(500)), Self.refusal) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send(Self.upload(100_000))
            try await client.receive { $0.hasSuffix("no") }
            client.send("x")
            let draining = Task(executorPreference: isolation.loop) { await server.drain(within: .seconds(10)) }
            try await client.receiveToEnd()
            client.send("x")
            try await isolation.loop.sleep(for: .milliseconds(50))
            client.send("x")
            try await isolation.loop.sleep(for: .milliseconds(50))
            #expect(client.failure == nil)
            client.abort()
            await draining.value
        }
    }
}
