// The whole application for a test: migrated database, a loop, every route and all middleware. Made anew for each test, so that
// tests share nothing and run side by side.

import Actors
@testable import App
import Logging
import Reactor
import TestSupport

/// A running application, on its own loop. What a test does with it runs on that loop.
struct TestApp {
    let backend: Backend
    /// The application's services on the test's loop.
    let services: Services
    /// Without a token; ``registered(_:)`` and ``admin()`` have one.
    let client: TestClient
    let loop: EventLoop
    /// Where the server listens; nil in memory.
    let address: SocketAddress?
    /// What was logged.
    let log: TestLog

    static let password = "password123"

    /// Runs `body` with an application.
    /// - Parameters:
    ///   - docs: the files of /docs; none unless a test is about them.
    ///   - configure: changes what a test is about. Limits are off, hashing is cheap, and jobs do not run unless it says so.
    static func run(
        on setup: TestSetup = TestSetup(), docs: DocsAssets = DocsAssets(files: [:]),
        configure: @Sendable (inout AppConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (TestApp) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try await EventLoopGroup.withGroup(loops: 1) { group in
                let loop = group.loops[0]
                try await setup.withDatabase(in: folder, on: loop) { url in
                    var configuration = TestApp.configuration(folder: folder, databaseURL: url)
                    configure(&configuration)
                    _ = try await DatabaseMigration.run(configuration, on: loop) { try await $0.up() }
                    try await run(configuration, on: group, setup.way, docs, body)
                }
            }
        }
    }

    private static func configuration(folder: String, databaseURL: String) -> AppConfiguration {
        var configuration = AppConfiguration(for: .development)
        configuration.dataDirectory = folder
        configuration.database.url = databaseURL
        configuration.redis.url = TestRedis.url
        configuration.redis.keyPrefix = TestRedis.uniquePrefix()
        // A test machine may be busy; what is tested with Redis here is not its deadline.
        configuration.redis.commandTimeout = .seconds(5)
        configuration.redis.connectTimeout = .seconds(5)
        configuration.server.host = "127.0.0.1"
        configuration.server.port = 0
        configuration.auth.secretKey = "a test's own secret, which is long enough: 0123456789"
        configuration.auth.hashMemoryKiB = 64
        configuration.auth.hashIterations = 1
        configuration.rateLimits.isEnabled = false
        return configuration
    }

    private static func run(
        _ configuration: AppConfiguration, on group: EventLoopGroup, _ way: TestSetup.Way, _ docs: DocsAssets,
        _ body: @escaping @Sendable (TestApp) async throws -> Void
    ) async throws {
        let loop = group.loops[0]
        let log = TestLog()
        let logger = LogOutput.logger(configuration.log, colored: false) { log.append($0) }
        let backend = try await Backend(on: group, configuration, logger: logger, docs: docs)
        await backend.start()
        backend.listen()
        let server: HTTPServer? =
            way == .socket
            ? try await HTTPServer.start(on: group, configuration.httpServer) { try Routes.application(backend, on: $0) } : nil
        backend.server = server
        let work = Task(executorPreference: loop) {
            try await loop.isolation.run { _ in
                let transport: any HTTPTestTransport =
                    if let server {
                        HTTPTestClient(address: server.address, loop: loop)
                    } else {
                        InMemoryTransport(application: try Routes.application(backend, on: loop), loop: loop)
                    }
                let app = TestApp(
                    backend: backend, services: Services(of: backend, on: loop), client: TestClient(transport: transport), loop: loop,
                    address: server?.address, log: log)
                try await body(app)
            }
        }
        let result = await work.result
        await server?.drain(within: .seconds(1))
        await backend.shutdown()
        try result.get()
    }

    // MARK: People

    /// A client that has just registered and logged in.
    func registered(_ name: String = "alice") async throws -> TestClient {
        let email = "\(name)@example.com"
        let created = try await client.post("/auth/register", json: ["email": .string(email), "password": .string(TestApp.password)])
        guard created.status == 201 else { throw Unexpected(response: created) }
        return try await loggedIn(email, TestApp.password)
    }

    /// A client that has logged in as an administrator, made for it.
    func admin() async throws -> TestClient {
        let email = "admin@example.com"
        let hasher = PasswordHasher(loop: loop, parameters: backend.configuration.auth.hashParameters, maxConcurrent: 1)
        _ = try await AccountSeed.ensureAdmin(
            email: Text(email), password: Text(TestApp.password), passwords: hasher,
            from: RequestOrigin(clientAddress: "test", requestID: "test"), in: services.database)
        return try await loggedIn(email, TestApp.password)
    }

    func loggedIn(_ login: String, _ password: String) async throws -> TestClient {
        let answer = try await client.post("/auth/login", json: ["username": .string(login), "password": .string(password)])
        guard answer.status == 200, let token = answer.json["access_token"]?.string else { throw Unexpected(response: answer) }
        return client.with(token: token)
    }

    struct Unexpected: Error, CustomStringConvertible {
        let response: HTTPTestResponse
        var description: String { "not what this test builds on: \(response)" }
    }
}
