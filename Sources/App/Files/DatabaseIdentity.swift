// The SQL of `database_identity`. Stateless.

import Reactor

/// Which database this is: a random id that was made with its schema. A restored database is another one.
enum DatabaseIdentity {
    static func id(in executor: any SQLExecutor) async throws(DatabaseError) -> String {
        guard let row = try await executor.execute(find, []).first else { throw .decoding("database_identity has no row") }
        return try row.uuid(0)
    }

    private static let find = SQLStatement.read("SELECT id FROM database_identity")
}
