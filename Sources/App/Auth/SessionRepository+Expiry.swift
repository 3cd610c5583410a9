// Sessions and tokens that nothing needs any more: removed by the maintenance job.

import Reactor

extension SessionRepository {
    /// Removes sessions that ended or expired before `cutoff`, with their tokens, and tokens that expired before it.
    /// - Parameter limit: of each, for one call.
    /// - Returns: how many sessions or how many tokens, whichever are more: fewer than `limit` when nothing is left.
    static func removeExpired(
        before cutoff: Timestamp, limit: Int, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Int {
        let bindings: [SQLValue] = [.timestamp(cutoff), .int(Int64(limit))]
        let sessions = try await executor.execute(deleteExpiredSessions, bindings).affectedRows
        let tokens = try await executor.execute(deleteExpiredTokens, bindings).affectedRows
        return max(sessions, tokens)
    }

    // A limit, because one statement must not hold locks for as long as it takes to remove a year's worth.
    private static let deleteExpiredSessions = SQLStatement.write(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 OR revoked_at < $1 LIMIT $2)")

    private static let deleteExpiredTokens = SQLStatement.write(
        "DELETE FROM refresh_tokens WHERE id IN (SELECT id FROM refresh_tokens WHERE expires_at < $1 LIMIT $2)")
}
