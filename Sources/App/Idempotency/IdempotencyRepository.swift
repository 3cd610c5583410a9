// The SQL of `idempotency_keys`, in both dialects; nobody else has any. Stateless: every call is told which executor to use.

import Reactor

/// Reads and writes claims and answers.
enum IdempotencyRepository {
    /// A claim about to be made.
    struct Claim: Sendable {
        let keyHash: [UInt8]
        let contentHash: [UInt8]
        let userID: Int64?
        /// Tells this claim from an earlier one of the same key that has lapsed.
        let id: String
        let now: Timestamp
        let leasedUntil: Timestamp
        let expiresAt: Timestamp
    }

    /// What is known of a key.
    struct Row: Sendable {
        let contentHash: [UInt8]
        /// Nil while it is being answered.
        let answer: StoredAnswer?
    }

    /// Takes a key that nobody has: a new one, an expired one, or one of the same request whose claim has lapsed. One atomic
    /// statement: of two that try, one gets true.
    static func claim(_ claim: Claim, in executor: any SQLExecutor) async throws(DatabaseError) -> Bool {
        let rows = try await executor.execute(
            insertOrTakeOver,
            [
                .bytes(claim.keyHash), .optional(claim.userID), .bytes(claim.contentHash), .uuid(claim.id), .timestamp(claim.now),
                .timestamp(claim.leasedUntil), .timestamp(claim.expiresAt),
            ])
        return !rows.isEmpty
    }

    static func find(_ keyHash: [UInt8], in executor: any SQLExecutor) async throws(DatabaseError) -> Row? {
        guard let row = try await executor.execute(selectKey, [.bytes(keyHash)]).first else { return nil }
        guard let status = try row.optionalInt(1) else { return Row(contentHash: try row.bytes(0), answer: nil) }
        let answer = StoredAnswer(
            status: Int(clamping: status), headers: try headers(try row.text(2)), body: try row.optionalBytes(3) ?? [])
        return Row(contentHash: try row.bytes(0), answer: answer)
    }

    /// Keeps the answer, if the claim still stands.
    /// - Parameter contentHash: what the request was, with all that was not known when the key was claimed.
    /// - Returns: false where it has lapsed, and another request has the key.
    static func keep(
        _ answer: StoredAnswer, to contentHash: [UInt8], for claim: Claim, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Bool {
        let headers = JSONValue.array(answer.headers.map { [.string($0.name), .string($0.value)] })
        return try await executor.execute(
            updateAnswer,
            [
                .bytes(claim.keyHash), .uuid(claim.id), .int(Int64(answer.status)),
                .text(Text(decoding: headers.serialized)), .bytes(answer.body), .bytes(contentHash),
            ]
        ).affectedRows == 1
    }

    /// Gives an unanswered key back.
    static func release(_ claim: Claim, in executor: any SQLExecutor) async throws(DatabaseError) {
        _ = try await executor.execute(deleteClaim, [.bytes(claim.keyHash), .uuid(claim.id)])
    }

    /// Removes keys that expired before `cutoff`.
    /// - Parameter limit: what is left is the next call's.
    /// - Returns: how many there were.
    static func removeExpired(
        before cutoff: Timestamp, limit: Int, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Int {
        try await executor.execute(deleteExpired, [.timestamp(cutoff), .int(Int64(limit))]).affectedRows
    }

    private static func headers(_ text: Text) throws(DatabaseError) -> [HeaderField] {
        guard let fields = (try? JSONParser.parse(Array(text.utf8)))?.array else { throw .decoding("headers are not an array") }
        var headers: [HeaderField] = []
        for field in fields {
            guard let pair = field.array, pair.count == 2, let name = pair[0].text?.asciiString, let value = pair[1].text else {
                throw .decoding("a header is not a pair of texts")
            }
            // TEXT: a field of a response of ours, copied into another response.
            headers.append(HeaderField(name: name, value: value.swiftString))
        }
        return headers
    }
}

// MARK: - Statements

extension IdempotencyRepository {
    // A lapsed claim is taken over by the same request only: another one under its key is as wrong as it was before.
    private static let insertOrTakeOver = SQLStatement.write(
        """
        INSERT INTO idempotency_keys (key_hash, user_id, content_hash, claim_id, created_at, leased_until, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (key_hash) DO UPDATE SET
            user_id = excluded.user_id, content_hash = excluded.content_hash, claim_id = excluded.claim_id,
            created_at = excluded.created_at, leased_until = excluded.leased_until, expires_at = excluded.expires_at,
            status = NULL, headers = NULL, body = NULL
        WHERE idempotency_keys.expires_at <= excluded.created_at
            OR (idempotency_keys.status IS NULL AND idempotency_keys.leased_until <= excluded.created_at
                AND idempotency_keys.content_hash = excluded.content_hash)
        RETURNING claim_id
        """)

    private static let selectKey = SQLStatement.read(
        "SELECT content_hash, status, headers, body FROM idempotency_keys WHERE key_hash = $1")

    private static let updateAnswer = SQLStatement.write(
        """
        UPDATE idempotency_keys SET status = $3, headers = $4, body = $5, content_hash = $6
        WHERE key_hash = $1 AND claim_id = $2 AND status IS NULL
        """)

    private static let deleteClaim = SQLStatement.write(
        "DELETE FROM idempotency_keys WHERE key_hash = $1 AND claim_id = $2 AND status IS NULL")

    // A limit, because one statement must not hold locks for as long as it takes to remove a day's worth.
    private static let deleteExpired = SQLStatement.deletion(
        from: "idempotency_keys", whose: "key_hash",
        isAmong: "SELECT key_hash FROM idempotency_keys WHERE expires_at < $1 ORDER BY expires_at LIMIT $2")
}

extension SQLValue {
    static func optional(_ number: Int64?) -> SQLValue { number.map { .int($0) } ?? .null }
}
