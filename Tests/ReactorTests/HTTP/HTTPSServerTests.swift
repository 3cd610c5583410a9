// The server over TLS on real sockets: both versions, whatever the pieces are that the bytes come in, and peers that do not
// keep to the protocol.

@testable import Reactor
import TestSupport
import Testing

private struct Responder: HTTPResponder {
    let body: @Sendable (HTTPRequest) async -> HTTPResponse

    func respond(to request: HTTPRequest) async -> HTTPResponse { await body(request) }
}

private func text(_ text: String) -> HTTPResponse {
    HTTPResponse(status: .ok, body: .bytes(Array(text.utf8)))
}

/// A server with a fresh certificate, and what a test needs to talk to it.
private struct Harness: Sendable {
    let server: HTTPServer
    let certificate: TestCertificate
    let folder: String

    func client(
        _ loop: EventLoop, versions: Set<TLSContext.Version> = [.v1_2, .v1_3], trusting: TestCertificate? = nil, name: String = "localhost"
    ) async throws -> RawClient {
        let context = try TLSContext(trusting: .file((trusting ?? certificate).certificateFile), versions: versions)
        return try await RawClient.connect(to: server.address, loop: loop, tls: context, serverName: name)
    }
}

private func withServer(
    limits: HTTPLimits = HTTPLimits(), _ handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse = { _ in text("hello") },
    _ test: @escaping @Sendable (isolated LoopActor, Harness) async throws -> Void
) async throws {
    try await withTemporaryFolder { folder in
        let certificate = try TestCertificate.make(in: folder)
        try await EventLoopGroup.withGroup(loops: 1) { group in
            var configuration = HTTPServerConfiguration(address: .ip(host: "127.0.0.1", port: 0), limits: limits)
            configuration.tls = try TLSContext(certificateFile: certificate.certificateFile, keyFile: certificate.keyFile)
            let server = try await HTTPServer.start(on: group, configuration) { _ in Responder(body: handler) }
            let isolation = group.loops[0].isolation
            let harness = Harness(server: server, certificate: certificate, folder: folder)
            let result = await Task(executorPreference: group.loops[0]) {
                try await isolation.run { isolation in try await test(isolation, harness) }
            }.result
            await server.drain(within: .milliseconds(100))
            try result.get()
        }
    }
}

/// A client whose ciphertext the test carries itself, in pieces of its choice. Loop-bound.
private final class CarriedClient {
    let socket: RawClient
    private let session: TLSSession
    private let loop: EventLoop
    private(set) var plaintext: [UInt8] = []
    private var taken = 0

    init(_ harness: Harness, loop: EventLoop, versions: Set<TLSContext.Version>) async throws {
        let context = try TLSContext(trusting: .anybody, versions: versions)
        session = try #require(TLSSession(context, serverName: "localhost", buffers: loop.buffers))
        self.loop = loop
        socket = try await RawClient.connect(to: harness.server.address, loop: loop)
    }

    var text: String { String(decoding: plaintext, as: UTF8.self) }

    /// Sends what the session has to say, `size` bytes at a time, each piece in a write of its own.
    func carry(inPiecesOf size: Int) async throws {
        while !session.outgoing.isEmpty {
            let count = min(size, session.outgoing.count)
            socket.send(session.outgoing.withUnsafeBytes { Array($0.prefix(count)) })
            session.outgoing.consume(count)
            try await loop.sleep(for: .zero)
        }
    }

    /// Shakes hands.
    func open(inPiecesOf size: Int) async throws {
        session.handshake()
        try await carry(inPiecesOf: size)
        let isOpen = try await eventually(on: loop) {
            takeIn()
            try? await carry(inPiecesOf: size)
            return session.isEstablished
        }
        #expect(isOpen)
    }

    func send(_ request: String, inPiecesOf size: Int) async throws {
        _ = Array(request.utf8).withUnsafeBytes { session.send(RawSpan(_unsafeBytes: $0)) }
        try await carry(inPiecesOf: size)
    }

    /// Sends a request and the goodbye behind it, in one write.
    func sendAndFinish(_ request: String) async throws {
        _ = Array(request.utf8).withUnsafeBytes { session.send(RawSpan(_unsafeBytes: $0)) }
        session.finish()
        try await carry(inPiecesOf: .max)
    }

    func takeIn() {
        let bytes = socket.receivedBytes
        guard bytes.count > taken else { return }
        let fresh = Array(bytes[taken...])
        taken = bytes.count
        _ = fresh.withUnsafeBytes { buffer in
            session.receive(RawSpan(_unsafeBytes: buffer)) { span in
                span.withUnsafeBytes { plaintext.append(contentsOf: $0) }
                return true
            }
        }
    }
}

@Suite struct HTTPSServerTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test(arguments: TLSContext.Version.allCases)
    func answersAndKeepsTheConnection(_ version: TLSContext.Version) async throws {
        try await withServer { isolation, harness in
            let client = try await harness.client(isolation.loop, versions: [version])
            #expect(client.tlsVersion == (version == .v1_2 ? "TLSv1.2" : "TLSv1.3"))
            for _ in 0..<3 {
                client.clear()
                client.send(Self.get)
                try await client.receive { $0.hasSuffix("hello") }
            }
            let statistics = await harness.server.statistics()
            #expect(statistics.connectionsAccepted == 1)
            #expect(statistics.requests == 3)
            client.abort()
        }
    }

    @Test(arguments: TLSContext.Version.allCases)
    func recordsMayComeAByteAtATime(_ version: TLSContext.Version) async throws {
        try await withServer { isolation, harness in
            let client = try await CarriedClient(harness, loop: isolation.loop, versions: [version])
            try await client.open(inPiecesOf: 1)
            try await client.send(Self.get, inPiecesOf: 1)
            let isAnswered = try await eventually(on: isolation.loop) {
                client.takeIn()
                return client.text.hasSuffix("hello")
            }
            #expect(isAnswered)
            client.socket.abort()
        }
    }

    @Test(arguments: [2, 7, 100, 1_000])
    func recordsMayComeInPiecesOfAnySize(_ size: Int) async throws {
        try await withServer { isolation, harness in
            let client = try await CarriedClient(harness, loop: isolation.loop, versions: [.v1_3])
            try await client.open(inPiecesOf: size)
            try await client.send(Self.get + Self.get, inPiecesOf: size)
            let isAnswered = try await eventually(on: isolation.loop) {
                client.takeIn()
                return client.text.ranges(of: "hello").count == 2
            }
            #expect(isAnswered)
            client.socket.abort()
        }
    }

    @Test(arguments: TLSContext.Version.allCases)
    func largeBodiesArriveWholeBothWays(_ version: TLSContext.Version) async throws {
        let size = 3_000_000
        try await withServer({ request in
            var bytes: [UInt8] = []
            while let more = try? await request.body.next() {
                bytes += more
                if bytes.count % 5 == 0 { try? await request.loop.sleep(for: .milliseconds(1)) }
            }
            return HTTPResponse(status: .ok, body: .bytes(bytes))
        }) { isolation, harness in
            let client = try await harness.client(isolation.loop, versions: [version])
            let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
            client.send(body)
            let isWhole = try await eventually(within: .seconds(20), on: isolation.loop) { client.receivedBytes.count > size }
            #expect(isWhole)
            #expect(client.receivedBytes.suffix(size).elementsEqual(body))
            client.abort()
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await withServer({ request in text("<\(request.path.swiftString)>") }) { isolation, harness in
            let client = try await harness.client(isolation.loop)
            client.send((0..<100).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
            let answers = try await client.receive { $0.hasSuffix("</99>") }
            let paths = answers.split(separator: "<").dropFirst().compactMap { $0.split(separator: ">").first }
            #expect(paths == (0..<100).map { "/\($0)" })
            client.abort()
        }
    }

    @Test func aClientThatReadsNothingStopsTheProducer() async throws {
        let written = Tally()
        let chunk = [UInt8](repeating: 7, count: 65_536)
        let chunks = 1_000
        try await withServer({ _ in
            HTTPResponse(
                status: .ok,
                body: .stream(length: chunks * chunk.count) { writer in
                    for _ in 0..<chunks {
                        try await writer.write(chunk)
                        written.raise()
                    }
                })
        }) { isolation, harness in
            let client = try await harness.client(isolation.loop)
            client.stopReading()
            client.send(Self.get)
            var last = -1
            let isStopped = try await eventually(within: .seconds(10), on: isolation.loop) {
                try? await isolation.loop.sleep(for: .milliseconds(50))
                defer { last = written.count }
                return written.count > 0 && written.count == last
            }
            #expect(isStopped)
            #expect(written.count < chunks / 2)
            client.startReading()
            let isWhole = try await eventually(within: .seconds(20), on: isolation.loop) {
                client.receivedBytes.count > chunks * chunk.count
            }
            #expect(isWhole)
            client.abort()
        }
    }

    // MARK: Ends

    /// More than are taken at a time: the goodbye comes while the server has paused.
    @Test(arguments: TLSContext.Version.allCases)
    func everyRequestInFrontOfTheGoodbyeIsAnswered(_ version: TLSContext.Version) async throws {
        try await withServer({ request in text("<\(request.path.swiftString)>") }) { isolation, harness in
            let client = try await CarriedClient(harness, loop: isolation.loop, versions: [version])
            try await client.open(inPiecesOf: 10_000)
            try await client.sendAndFinish((0..<40).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
            try await client.socket.receiveToEnd()
            client.takeIn()
            let paths = client.text.split(separator: "<").dropFirst().compactMap { $0.split(separator: ">").first }
            #expect(paths == (0..<40).map { "/\($0)" })
            client.socket.abort()
        }
    }

    @Test(arguments: TLSContext.Version.allCases)
    func theServerSaysGoodbyeBeforeItCloses(_ version: TLSContext.Version) async throws {
        var limits = HTTPLimits()
        limits.keepAliveTimeout = .milliseconds(100)
        try await withServer(limits: limits) { isolation, harness in
            let asking = try await harness.client(isolation.loop, versions: [version])
            asking.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let answer = try await asking.receiveToEnd()
            #expect(answer.hasSuffix("hello"))
            // Without close_notify it would have failed as truncated.
            #expect(asking.failure == nil)
            let idle = try await harness.client(isolation.loop, versions: [version])
            try await idle.receiveToEnd()
            #expect(idle.failure == nil)
            asking.abort()
            idle.abort()
        }
    }

    @Test func aClientThatLeavesWithoutGoodbyeIsGone() async throws {
        let seen = Tally()
        try await withServer({ request in
            do throws(HTTPBodyError) {
                _ = try await request.body.collect(upTo: 100)
            } catch {
                if error == .clientGone { seen.raise() }
            }
            return text("late")
        }) { isolation, harness in
            let client = try await CarriedClient(harness, loop: isolation.loop, versions: [.v1_3])
            try await client.open(inPiecesOf: 10_000)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc", inPiecesOf: 10_000)
            client.socket.finishSending()
            let isNoticed = try await eventually(on: isolation.loop) { seen.count == 1 }
            #expect(isNoticed)
            let resetting = try await harness.client(isolation.loop)
            resetting.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
            let isSent = try await eventually(on: isolation.loop) { await harness.server.statistics().requestsInFlight == 1 }
            #expect(isSent)
            resetting.reset()
            let isNoticedToo = try await eventually(on: isolation.loop) { seen.count == 2 }
            #expect(isNoticedToo)
            let isEmpty = try await eventually(on: isolation.loop) { await harness.server.statistics().connectionsOpen == 0 }
            #expect(isEmpty)
        }
    }

    // MARK: Handshakes

    @Test(arguments: ["", "\u{16}\u{03}\u{01}"])
    func aHandshakeThatDoesNotEndIsCutOff(_ beginning: String) async throws {
        var limits = HTTPLimits()
        limits.tlsHandshakeTimeout = .milliseconds(100)
        try await withServer(limits: limits) { isolation, harness in
            let client = try await RawClient.connect(to: harness.server.address, loop: isolation.loop)
            client.send(beginning)
            try await client.receiveToEnd()
            let statistics = await harness.server.statistics()
            #expect(statistics.timeouts == 1)
            #expect(statistics.failedHandshakes == 1)
            client.abort()
        }
    }

    @Test func garbageEndsItsConnectionAndNoOther() async throws {
        try await withServer { isolation, harness in
            let good = try await harness.client(isolation.loop)
            var generator = SplitMix64(seed: 7)
            for length in [1, 5, 6, 100, 20_000] {
                let client = try await RawClient.connect(to: harness.server.address, loop: isolation.loop)
                client.send((0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) })
                client.finishSending()
                try await client.receiveToEnd()
                client.abort()
            }
            good.send(Self.get)
            try await good.receive { $0.hasSuffix("hello") }
            good.abort()
        }
    }

    @Test func tamperedRecordsEndTheConnection() async throws {
        try await withServer { isolation, harness in
            let client = try await CarriedClient(harness, loop: isolation.loop, versions: [.v1_3])
            try await client.open(inPiecesOf: 10_000)
            // Application data of 32 bytes that nobody encrypted.
            client.socket.send([0x17, 3, 3, 0, 32] + [UInt8](repeating: 1, count: 32))
            try await client.socket.receiveToEnd()
            #expect(await harness.server.statistics().requests == 0)
            client.socket.abort()
        }
    }

    @Test func plainHTTPIsToldSoInClear() async throws {
        try await withServer { isolation, harness in
            let client = try await RawClient.connect(to: harness.server.address, loop: isolation.loop)
            client.send(Self.get)
            let answer = try await client.receiveToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(answer.contains("Connection: close\r\n"))
            #expect(answer.contains(#""code":"TLS_REQUIRED""#))
            client.abort()
        }
    }

    @Test func aClientChecksCertificateAndName() async throws {
        try await withServer { isolation, harness in
            let loop = isolation.loop
            let other = try TestCertificate.make(in: harness.folder, name: "other")
            await #expect(throws: TransportError.self) { try await harness.client(loop, trusting: other) }
            await #expect(throws: TransportError.self) { try await harness.client(loop, name: "elsewhere.example") }
            let byAddress = try await harness.client(loop, name: "127.0.0.1")
            byAddress.send(Self.get)
            try await byAddress.receive { $0.hasSuffix("hello") }
            byAddress.abort()
        }
    }

    @Test func newConnectionsGetTheNewCertificateAndOpenOnesLiveOn() async throws {
        try await withServer { isolation, harness in
            let loop = isolation.loop
            let old = try await harness.client(loop)
            old.send(Self.get)
            try await old.receive { $0.hasSuffix("hello") }
            let fresh = try TestCertificate.make(in: harness.folder, name: "fresh")
            await harness.server.use(try TLSContext(certificateFile: fresh.certificateFile, keyFile: fresh.keyFile))
            await #expect(throws: TransportError.self) { try await harness.client(loop) }
            let new = try await harness.client(loop, trusting: fresh)
            for client in [old, new] {
                client.clear()
                client.send(Self.get)
                try await client.receive { $0.hasSuffix("hello") }
                client.abort()
            }
        }
    }

    @Test func idleConnectionsEndWithTheServer() async throws {
        try await withServer { isolation, harness in
            let idle = try await harness.client(isolation.loop)
            let handshaking = try await RawClient.connect(to: harness.server.address, loop: isolation.loop)
            let isOpen = try await eventually(on: isolation.loop) { await harness.server.statistics().connectionsOpen == 2 }
            #expect(isOpen)
            await harness.server.drain(within: .seconds(5))
            try await idle.receiveToEnd()
            #expect(idle.failure == nil)
            try await handshaking.receiveToEnd()
            idle.abort()
            handshaking.abort()
        }
    }
}
