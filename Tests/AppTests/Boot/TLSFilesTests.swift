// Certificate and key as a running server meets them: at boot, and when they are read again.

@testable import App
import FoundationEssentials
import Reactor
import TestSupport
import Testing

@Suite struct TLSFilesTests {
    private static func blamed(_ files: TLSFiles) -> [String] {
        do throws(ConfigurationError) {
            _ = try files.load()
            return []
        } catch {
            return error.problems.map(\.variable)
        }
    }

    @Test func withoutFilesThereIsNoTLS() throws {
        #expect(try TLSFiles().load() == nil)
        #expect(!TLSFiles(certificate: "server.crt").isOn)
    }

    @Test func theVariableToBlameIsNamed() async throws {
        try await withTemporaryFolder { folder in
            let pair = try TestCertificate.make(in: folder)
            let other = try TestCertificate.make(in: folder, name: "other")
            #expect(Self.blamed(TLSFiles(certificate: pair.certificateFile, key: pair.keyFile)) == [])
            #expect(Self.blamed(TLSFiles(certificate: "\(folder)/none", key: pair.keyFile)) == ["TLS_CERT"])
            #expect(Self.blamed(TLSFiles(certificate: pair.certificateFile, key: "\(folder)/none")) == ["TLS_KEY"])
            #expect(Self.blamed(TLSFiles(certificate: pair.certificateFile, key: other.keyFile)) == ["TLS_KEY"])
        }
    }

    @Test func anAnswerOverTLSAsksForTLSNextTime() async throws {
        try await TestApp.run(configure: { $0.server.tls = TLSFiles(certificate: "server.crt", key: "server.key") }) { app in
            let answer = try await app.client.get("/livez")
            #expect(answer.header("strict-transport-security")?.hasPrefix("max-age=") == true)
        }
        try await TestApp.run { app in
            try await #expect(app.client.get("/livez").header("strict-transport-security") == nil)
        }
    }

    @Test func badFilesLeaveTheOldCertificateInUse() async throws {
        try await withTemporaryFolder { folder in
            try await EventLoopGroup.withGroup(loops: 1) { group in
                let loop = group.loops[0]
                let first = try TestCertificate.make(in: folder, name: "first")
                let second = try TestCertificate.make(in: folder, name: "second")
                let files = TLSFiles(certificate: "\(folder)/used.crt", key: "\(folder)/used.key")
                try Self.copy(first, to: files)
                let loaded = try files.load()
                var configuration = HTTPServerConfiguration(address: .ip(host: "127.0.0.1", port: 0))
                configuration.tls = try #require(loaded)
                let server = try await HTTPServer.start(on: group, configuration) { _ in Greeter() }
                let log = TestLog()
                let logger = LogOutput.logger(.init(format: .json), colored: false) { log.append($0) }
                let reload = CertificateReload(files: files, server: server, loop: loop, logger: logger)

                // Truncated, as it is while somebody copies it.
                try Data().write(to: URL(filePath: "\(folder)/used.crt"))
                await reload()
                #expect(log.text.contains("certificates were not reloaded"))
                #expect(log.text.contains("TLS_CERT"))
                #expect(await Self.isServed(first, by: server, on: loop))

                try Self.copy(second, to: files)
                await reload()
                #expect(log.text.contains("certificates reloaded"))
                #expect(await Self.isServed(second, by: server, on: loop))
                #expect(await !Self.isServed(first, by: server, on: loop))
                await server.drain(within: .seconds(1))
            }
        }
    }

    private struct Greeter: HTTPResponder {
        func respond(to request: HTTPRequest) async -> HTTPResponse { HTTPResponse(status: .ok) }
    }

    private static func copy(_ pair: TestCertificate, to files: TLSFiles) throws {
        for (from, to) in [(pair.certificateFile, files.certificate), (pair.keyFile, files.key)] {
            try Data(contentsOf: URL(filePath: from)).write(to: URL(filePath: try #require(to)))
        }
    }

    /// Whether a client that trusts this certificate and no other gets a connection.
    private static func isServed(_ pair: TestCertificate, by server: HTTPServer, on loop: EventLoop) async -> Bool {
        let attempt = Task(executorPreference: loop) {
            try await loop.isolation.run { isolation in
                let context = try TLSContext(trusting: .file(pair.certificateFile))
                let client = try await RawClient.connect(to: server.address, loop: isolation.loop, tls: context)
                client.abort()
            }
        }
        return (try? await attempt.value) != nil
    }
}
