// The database as an operator's command uses it: a pool of its own with patience, for as long as the command runs.

import Actors
import Reactor

enum OperatorDatabase {
    /// The path of an SQLite database that is not there: opening it would make it. Nil where it is, and for PostgreSQL.
    /// - Throws: ``ConfigurationError``.
    static func missingFile(_ configuration: AppConfiguration, on loop: EventLoop) async throws -> String? {
        guard case .sqlite(let path) = try configuration.databaseConfiguration.location, path != ":memory:" else { return nil }
        return try await loop.runBlocking {
            do throws(FileError) {
                _ = try FileReader(path: path)
                return nil
            } catch {
                return error.isNotFound ? path : nil
            }
        }
    }

    /// Runs `body` with a pool on `loop`, which is shut down afterwards.
    /// - Parameter change: of the pool's settings.
    /// - Throws: ``ConfigurationError``, and what `body` throws.
    static func withPool<Result: Sendable>(
        _ configuration: AppConfiguration, on loop: EventLoop, change: (inout DatabaseConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (DatabasePool) async throws -> Result
    ) async throws -> Result {
        var settings = try configuration.databaseConfiguration
        settings.statementTimeout = DatabaseMigration.patience
        settings.exclusiveConnections = 1
        change(&settings)
        let pool = DatabasePool(loop: loop, configuration: settings)
        let work = Task(executorPreference: loop) { try await body(pool) }
        let result = await work.result
        await pool.shutdown()
        return try result.get()
    }
}
