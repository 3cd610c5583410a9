// What a mailed token changes of a user. In transactions that hold the user's row.

import Reactor

extension UserRepository {
    /// Gives a user another password. Whoever has a token that was mailed to the address can read its mail: the address is verified.
    static func resetPassword(
        id: Int64, hashedPassword: String, now: Timestamp, in transaction: any SQLExecutor
    ) async throws(DatabaseError) {
        _ = try await transaction.execute(replacePasswordAndVerify, [.int(id), .text(hashedPassword), .timestamp(now)])
    }

    /// Says that the address is the user's; one that was verified before keeps its time.
    static func markEmailVerified(id: Int64, now: Timestamp, in transaction: any SQLExecutor) async throws(DatabaseError) {
        _ = try await transaction.execute(setEmailVerified, [.int(id), .timestamp(now)])
    }

    private static let replacePasswordAndVerify = SQLStatement.write(
        """
        UPDATE users SET hashed_password = $2, email_verified_at = COALESCE(email_verified_at, $3), updated_at = $3 WHERE id = $1
        """)

    private static let setEmailVerified = SQLStatement.write(
        "UPDATE users SET email_verified_at = COALESCE(email_verified_at, $2), updated_at = $2 WHERE id = $1")
}
