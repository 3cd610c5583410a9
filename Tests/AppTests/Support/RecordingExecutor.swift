// An executor that remembers what it ran: a test of plans then has the statements of the program itself, and no copies of them.

import Reactor

/// Passes everything on. Used where it was made.
final class RecordingExecutor: SQLExecutor {
    private let executor: any SQLExecutor
    /// Each statement once, with the bindings of its last execution.
    private(set) var recorded: [SQLStatement: [SQLValue]] = [:]

    init(_ executor: any SQLExecutor) {
        self.executor = executor
    }

    var dialect: SQLDialect { executor.dialect }

    func execute(_ statement: SQLStatement, _ bindings: [SQLValue]) async throws(DatabaseError) -> SQLRows {
        recorded[statement] = bindings
        return try await executor.execute(statement, bindings)
    }

    func execute(
        _ statement: SQLStatement, batch: [[SQLValue]]
    ) async throws(DatabaseError) -> [Result<SQLRows, DatabaseError>] {
        recorded[statement] = batch.first
        return try await executor.execute(statement, batch: batch)
    }

    func script(_ sql: String) async throws(DatabaseError) { try await executor.script(sql) }
}
