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
    private static let deleteExpiredSessions = SQLStatement.deletion(
        from: "sessions", whose: "id",
        isAmong: """
            SELECT id FROM (SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2) AS expired
            UNION SELECT id FROM (SELECT id FROM sessions WHERE revoked_at < $1 ORDER BY revoked_at LIMIT $2) AS revoked LIMIT $2
            """)

    private static let deleteExpiredTokens = SQLStatement.deletion(
        from: "refresh_tokens", whose: "id",
        isAmong: "SELECT id FROM refresh_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2")
}
