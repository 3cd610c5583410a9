// Opening databases in tests.

import Reactor
import TestSupport

/// Runs `body` on a loop with the path of a database file that does not exist yet.
func withSQLite<R: Sendable>(
    _ body: @Sendable @escaping (isolated LoopActor, _ path: String) async throws -> R
) async throws -> R {
    try await withTemporaryFolder { folder in
        try await withLoop { isolation in try await body(isolation, "\(folder)/data/test.db") }
    }
}

extension SQLiteConnection {
    /// Opens `path` with a statement timeout of the test's choice.
    static func open(
        _ path: String, readOnly: Bool = false, on loop: EventLoop, statementTimeout: Duration = .seconds(5)
    ) async throws -> SQLiteConnection {
        var configuration = DatabaseConfiguration(location: .sqlite(path: path))
        configuration.statementTimeout = statementTimeout
        return try await open(path: path, readOnly: readOnly, loop: loop, configuration: configuration)
    }

    func run(_ sql: String, _ bindings: SQLValue...) async throws(DatabaseError) -> SQLRows {
        try await execute(.write(sql), bindings)
    }

    func count(_ table: String) async throws -> Int64 {
        try await execute(.read("SELECT count(*) FROM \(table)"), [])[0].int(0)
    }
}
