// Migrating at boot and by command. Has a pool of its own, because a migration may wait minutes for another process' and a request
// may not.

import Actors
import Reactor

/// Runs a migrator on a loop.
enum DatabaseMigration {
    /// How long a statement of a migrator may take, the wait for another process' migration included.
    static let patience: Duration = .seconds(600)

    /// - Throws: ``ConfigurationError``, and what `body` throws.
    static func run<Result: Sendable>(
        _ configuration: AppConfiguration, on loop: EventLoop, _ body: @escaping @Sendable (Migrator) async throws -> Result
    ) async throws -> Result {
        var settings = try configuration.databaseConfiguration
        settings.statementTimeout = patience
        settings.exclusiveConnections = 1
        settings.enforcesForeignKeys = false
        let pool = DatabasePool(loop: loop, configuration: settings)
        let work = Task(executorPreference: loop) { try await body(Migrator(pool: pool)) }
        let result = await work.result
        await pool.shutdown()
        return try result.get()
    }
}
