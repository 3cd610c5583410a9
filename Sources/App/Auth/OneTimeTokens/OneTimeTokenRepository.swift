// The SQL of `one_time_tokens`, in both dialects; nobody else has any. Stateless: every call is told which executor to use, the
// pool or a transaction.

import Reactor

/// Stores and redeems mailed tokens.
enum OneTimeTokenRepository {
    /// Whose a token is, and the address that it was mailed to.
    struct Holder: Sendable, Hashable {
        let userID: Int64
        let email: Text
    }

    static func insert(
        _ token: OneTimeToken, _ purpose: OneTimeTokenPurpose, user: Int64, email: Text, now: Timestamp, expiresAt: Timestamp,
        in executor: any SQLExecutor
    ) async throws(DatabaseError) {
        _ = try await executor.execute(
            insertToken,
            [.int(user), .text(purpose.rawValue), .text(email), .bytes(token.hash), .timestamp(now), .timestamp(expiresAt)])
    }

    /// Who holds a token that can be redeemed; nil as for ``redeem(_:_:now:in:)``.
    static func find(
        _ token: OneTimeToken, _ purpose: OneTimeTokenPurpose, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Holder? {
        try await holder(executor.execute(findToken, [.bytes(token.hash), .text(purpose.rawValue), .timestamp(now)]))
    }

    /// Uses a token up. One atomic statement: of two that try, one gets an answer.
    /// - Returns: nil where there is no such token for this purpose, or it is used or has expired.
    static func redeem(
        _ token: OneTimeToken, _ purpose: OneTimeTokenPurpose, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Holder? {
        try await holder(executor.execute(redeemToken, [.bytes(token.hash), .text(purpose.rawValue), .timestamp(now)]))
    }

    /// Makes all of a user's tokens for a purpose worthless.
    static func invalidate(
        _ purpose: OneTimeTokenPurpose, ofUser user: Int64, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) {
        _ = try await executor.execute(invalidateTokens, [.int(user), .text(purpose.rawValue), .timestamp(now)])
    }

    /// Removes tokens that expired before `cutoff`.
    /// - Parameter limit: for one call.
    /// - Returns: how many there were: fewer than `limit` when none is left.
    static func removeExpired(
        before cutoff: Timestamp, limit: Int, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Int {
        try await executor.execute(deleteExpired, [.timestamp(cutoff), .int(Int64(limit))]).affectedRows
    }

    private static func holder(_ rows: SQLRows) throws(DatabaseError) -> Holder? {
        guard let row = rows.first else { return nil }
        return Holder(userID: try row.int(0), email: try row.text(1))
    }
}

// MARK: - Statements

extension OneTimeTokenRepository {
    private static let insertToken = SQLStatement.write(
        """
        INSERT INTO one_time_tokens (user_id, purpose, email, token_hash, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """)

    private static let findToken = SQLStatement.read(
        """
        SELECT user_id, email FROM one_time_tokens
        WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3
        """)

    private static let redeemToken = SQLStatement.write(
        """
        UPDATE one_time_tokens SET used_at = $3
        WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3 RETURNING user_id, email
        """)

    private static let invalidateTokens = SQLStatement.write(
        "UPDATE one_time_tokens SET used_at = $3 WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL")

    private static let deleteExpired = SQLStatement.deletion(
        from: "one_time_tokens", whose: "id",
        isAmong: "SELECT id FROM one_time_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2")
}
