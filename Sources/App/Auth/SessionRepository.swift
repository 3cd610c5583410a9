// The SQL of `sessions` and `refresh_tokens`, in both dialects; nobody else has any. Stateless: every call is told which
// executor to use, the pool or a transaction.

import Actors
import Reactor

/// Reads and writes login sessions and the refresh tokens that belong to them. A session is its tokens' family.
enum SessionRepository {
    // MARK: Sessions

    static func insert(
        _ id: SessionID, user: Int64, from origin: RequestOrigin, now: Timestamp, expiresAt: Timestamp,
        in executor: any SQLExecutor
    ) async throws(DatabaseError) {
        _ = try await executor.execute(
            insertSession,
            [
                .uuid(id.rawValue), .int(user), .text(Text(origin.clientAddress).clipped(toScalars: 64)),
                .optional(origin.userAgent?.clipped(toScalars: 400)), .timestamp(now), .timestamp(expiresAt),
            ])
    }

    /// A session and its user as they are now; nil where there is no such session. One look-up, made for tokens.
    static func liveSession(
        _ id: SessionID, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> LiveSession? {
        guard let row = try await executor.execute(selectLiveSession, [.uuid(id.rawValue), .timestamp(now)]).first else {
            return nil
        }
        return LiveSession(
            userID: try row.int(0), username: try row.text(1), role: try row.asciiString(2), isSessionActive: try row.bool(3),
            isUserActive: try row.bool(4))
    }

    /// The sessions of a user that have neither ended nor expired, newest first.
    static func activeSessions(
        ofUser user: Int64, now: Timestamp, _ page: PageRequest, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> ListPage<LoginSession> {
        let bindings: [SQLValue] = [.int(user), .timestamp(now)]
        let rows = try await executor.execute(
            selectActiveSessions, bindings + [.int(Int64(page.limit)), .int(Int64(page.skip))])
        return try await ListPage.of(
            rows, page, count: (countActiveSessions, bindings), in: executor
        ) { (row) throws(DatabaseError) in
            LoginSession(
                id: SessionID(rawValue: try row.uuid(1)), clientAddress: try row.optionalText(2),
                userAgent: try row.optionalText(3), createdAt: try row.timestamp(4), lastSeenAt: try row.timestamp(5))
        }
    }

    /// Ends one session of a user.
    /// - Returns: false where it had ended, or is not theirs.
    static func end(
        _ id: SessionID, ofUser user: Int64, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Bool {
        try await executor.execute(endSession, [.uuid(id.rawValue), .int(user), .timestamp(now)]).affectedRows == 1
    }

    /// Ends the sessions of a user.
    /// - Parameter exception: one that goes on.
    /// - Returns: how many there were.
    static func endAll(
        ofUser user: Int64, except exception: SessionID? = nil, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Int {
        guard let exception else { return try await executor.execute(endSessions, [.int(user), .timestamp(now)]).affectedRows }
        return try await executor.execute(
            endOtherSessions, [.int(user), .timestamp(now), .uuid(exception.rawValue)]
        ).affectedRows
    }

    /// The session was used, and lives on for another term.
    static func extend(
        _ id: SessionID, now: Timestamp, expiresAt: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) {
        _ = try await executor.execute(extendSession, [.uuid(id.rawValue), .timestamp(now), .timestamp(expiresAt)])
    }

    // MARK: Refresh tokens

    static func insert(
        _ token: RefreshToken, of session: SessionID, now: Timestamp, expiresAt: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) {
        _ = try await executor.execute(
            insertToken, [.uuid(session.rawValue), .bytes(token.hash), .timestamp(now), .timestamp(expiresAt)])
    }

    /// What is known of a token; nil where it is none of ours.
    static func find(_ token: RefreshToken, in executor: any SQLExecutor) async throws(DatabaseError) -> StoredRefreshToken? {
        guard let row = try await executor.execute(selectToken, [.bytes(token.hash)]).first else { return nil }
        return StoredRefreshToken(
            id: try row.int(0), session: SessionID(rawValue: try row.uuid(1)), userID: try row.int(2),
            isUsed: try !row.isNull(3), expiresAt: try row.timestamp(4), isSessionEnded: try !row.isNull(5))
    }

    /// Uses a token up. One atomic statement: of two that try, one gets true.
    /// - Returns: false where it is used, has expired, or its session or user are not active any more.
    static func spend(tokenID: Int64, now: Timestamp, in executor: any SQLExecutor) async throws(DatabaseError) -> Bool {
        try await !executor.execute(spendToken, [.int(tokenID), .timestamp(now)]).isEmpty
    }
}

/// A row of `refresh_tokens`, with what its session says.
struct StoredRefreshToken: Sendable, Hashable {
    let id: Int64
    let session: SessionID
    let userID: Int64
    let isUsed: Bool
    let expiresAt: Timestamp
    let isSessionEnded: Bool
}

/// A session as its user sees it.
struct LoginSession: Sendable, Hashable {
    let id: SessionID
    let clientAddress: Text?
    let userAgent: Text?
    let createdAt: Timestamp
    let lastSeenAt: Timestamp
}

// MARK: - Statements

extension SessionRepository {
    private static let insertSession = SQLStatement.write(
        """
        INSERT INTO sessions (id, user_id, ip, user_agent, created_at, last_seen_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $5, $6)
        """)

    private static let selectLiveSession = SQLStatement.read(
        """
        SELECT s.user_id, COALESCE(u.username, u.email), u.role, (s.revoked_at IS NULL AND s.expires_at > $2), u.is_active
        FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1
        """)

    private static let isActive = "user_id = $1 AND revoked_at IS NULL AND expires_at > $2"

    private static let countActiveSessions = SQLStatement.read("SELECT count(*) FROM sessions WHERE \(isActive)")

    private static let selectActiveSessions = SQLStatement.read(
        """
        SELECT (SELECT count(*) FROM sessions WHERE \(isActive)), id, ip, user_agent, created_at, last_seen_at FROM sessions
        WHERE \(isActive) ORDER BY created_at DESC, id LIMIT $3 OFFSET $4
        """)

    private static let endSession = SQLStatement.write(
        "UPDATE sessions SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL")

    private static let endSessions = SQLStatement.write(
        "UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL")

    private static let endOtherSessions = SQLStatement.write(
        "UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL AND id <> $3")

    private static let extendSession = SQLStatement.write(
        "UPDATE sessions SET last_seen_at = $2, expires_at = $3 WHERE id = $1")

    private static let insertToken = SQLStatement.write(
        "INSERT INTO refresh_tokens (session_id, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4)")

    private static let selectToken = SQLStatement.read(
        """
        SELECT t.id, t.session_id, s.user_id, t.used_at, t.expires_at, s.revoked_at
        FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.token_hash = $1
        """)

    private static let spendToken = SQLStatement.write(
        """
        UPDATE refresh_tokens SET used_at = $2
        WHERE id = $1 AND used_at IS NULL AND expires_at > $2 AND EXISTS (
            SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id
            WHERE s.id = refresh_tokens.session_id AND s.revoked_at IS NULL AND s.expires_at > $2 AND u.is_active)
        RETURNING id
        """)
}
