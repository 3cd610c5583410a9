// Sessions and tokens that nothing needs any more: removed by the maintenance job.

import Reactor

extension SessionRepository {
    /// Removes sessions that ended or expired before `cutoff`, with their tokens, and tokens that expired before it.
    /// - Parameter limit: of each; what is left is the next run's.
    static func removeExpired(
        before cutoff: Timestamp, limit: Int, in executor: any SQLExecutor
    ) async throws(DatabaseError) {
        let bindings: [SQLValue] = [.timestamp(cutoff), .int(Int64(limit))]
        _ = try await executor.execute(deleteExpiredSessions, bindings)
        _ = try await executor.execute(deleteExpiredTokens, bindings)
    }

    // A limit, because one statement must not hold locks for as long as it takes to remove a year's worth.
    private static let deleteExpiredSessions = SQLStatement.write(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 OR revoked_at < $1 LIMIT $2)")

    private static let deleteExpiredTokens = SQLStatement.write(
        "DELETE FROM refresh_tokens WHERE id IN (SELECT id FROM refresh_tokens WHERE expires_at < $1 LIMIT $2)")
}
