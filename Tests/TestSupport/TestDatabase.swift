// The databases that tests run on: SQLite always, PostgreSQL where the test command started one (TEST_POSTGRES_URL).

public import Actors
import Glibc
public import Reactor

/// A kind of database, of which every test gets an empty one of its own.
public struct TestDatabase: Sendable, Hashable, CustomStringConvertible {
    public let dialect: SQLDialect
    private let preparedStatements: PreparedStatements

    public static let sqlite = TestDatabase(dialect: .sqlite, preparedStatements: .auto)
    public static let postgres = TestDatabase(dialect: .postgres, preparedStatements: .auto)
    /// As behind a transaction pooler: nothing is left on the server between two transactions.
    public static let unprepared = TestDatabase(dialect: .postgres, preparedStatements: .off)

    /// What this run can use.
    public static var available: [TestDatabase] { [.sqlite] + servers }

    /// Each way to talk to PostgreSQL, where there is one.
    public static var servers: [TestDatabase] { hasPostgres ? [.postgres, .unprepared] : [] }

    public static var hasPostgres: Bool { postgresURL != nil }

    private static var postgresURL: String? {
        guard let value = getenv("TEST_POSTGRES_URL") else { return nil }
        let url = String(cString: value)
        return url.isEmpty ? nil : url
    }

    public var description: String {
        dialect == .sqlite ? "SQLite" : preparedStatements == .off ? "PostgreSQL, nothing prepared" : "PostgreSQL"
    }

    /// Runs `body` with a pool on a loop of its own, on an empty database that is gone afterwards.
    /// - Parameter configure: changes the pool's sizes and deadlines.
    public func withPool<R: Sendable>(
        configure: (inout DatabaseConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (DatabasePool) async throws -> R
    ) async throws -> R {
        try await withPools(1, configure: configure) { try await body($0[0]) }
    }

    /// The same with several pools on one database, each on a loop of its own; `body` runs on the first one's.
    public func withPools<R: Sendable>(
        _ count: Int, configure: (inout DatabaseConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable ([DatabasePool]) async throws -> R
    ) async throws -> R {
        try await inTurn {
            try await EventLoopGroup.withGroup(loops: count) { group in
                try await withConfiguration(on: group.loops[0]) { configuration in
                    var configuration = configuration
                    configure(&configuration)
                    let pools = group.loops.map { DatabasePool(loop: $0, configuration: configuration) }
                    let task = Task(executorPreference: group.loops[0]) { try await body(pools) }
                    let result = await task.result
                    for pool in pools { await pool.shutdown() }
                    return try result.get()
                }
            }
        }
    }

    /// Waits until the test server has connections to spare. To be entered before loops are made, and not twice in one test.
    public func inTurn<R>(_ body: () async throws -> R) async rethrows -> R {
        dialect == .postgres ? try await TestGate.postgres.withPermit(body) : try await body()
    }

    /// Runs `body` with the configuration of an empty database that is gone afterwards: a file in a temporary folder, or a
    /// schema of the test server's database. For PostgreSQL to be called inside of ``inTurn(_:)``.
    public func withConfiguration<R>(
        on loop: EventLoop, _ body: (DatabaseConfiguration) async throws -> R
    ) async throws -> R {
        guard dialect == .postgres, let url = TestDatabase.postgresURL else {
            return try await withTemporaryFolder { folder in
                try await body(DatabaseConfiguration(location: .sqlite(path: "\(folder)/test.db")))
            }
        }
        let configuration = try DatabaseConfiguration(url: url)
        guard case .postgres(var endpoint) = configuration.location else { return try await body(configuration) }
        let schema = "test_\(String(UInt64.random(in: .min ... .max), radix: 36))"
        endpoint.options.append(PostgresEndpoint.Option(name: "options", value: "-c search_path=\(schema)"))
        var own = configuration
        own.location = .postgres(endpoint)
        own.preparedStatements = preparedStatements
        try await administrate(configuration, on: loop, "CREATE SCHEMA \(schema)")
        do {
            let result = try await body(own)
            try await administrate(configuration, on: loop, "DROP SCHEMA \(schema) CASCADE")
            return result
        } catch {
            try? await administrate(configuration, on: loop, "DROP SCHEMA \(schema) CASCADE")
            throw error
        }
    }

    private func administrate(_ configuration: DatabaseConfiguration, on loop: EventLoop, _ sql: String) async throws {
        let pool = DatabasePool(loop: loop, configuration: configuration)
        let work = Task(executorPreference: loop) { try await pool.script(sql) }
        let result = await work.result
        await pool.shutdown()
        try result.get()
    }
}
