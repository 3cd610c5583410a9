// The SQL of `users`, in both dialects; nobody else has any. Stateless: every call is told which executor to use, the pool or a
// transaction. Auth and Users are two doors to one table and share it.

import Reactor

/// Reads and writes users.
enum UserRepository {
    /// A user about to be.
    struct NewUser: Sendable {
        var email: Text
        var username: Text?
        var name: Text?
        var fullName: Text?
        /// Nil for a row without credentials, with which nobody can log in.
        var hashedPassword: String?
        var role = UserRole.user
    }

    /// What of a user changes.
    struct Changes: Sendable {
        /// A new address is an unverified one.
        var email: Text?
        var username = Patch<Text>.absent
        var name = Patch<Text>.absent
        var fullName = Patch<Text>.absent
        /// An administrator's to change, like what follows.
        var role: UserRole?
        var isActive: Bool?
        var hashedPassword: String?

        var isEmpty: Bool {
            email == nil && username.isAbsent && name.isAbsent && fullName.isAbsent && role == nil && isActive == nil
                && hashedPassword == nil
        }
    }

    /// A user, and what their password is compared with.
    struct Credentials: Sendable {
        let user: User
        let hashedPassword: String?
    }

    // MARK: Reading

    static func find(id: Int64, in executor: any SQLExecutor) async throws(DatabaseError) -> User? {
        try await first(executor.execute(findByID, [.int(id)]))
    }

    static func credentials(id: Int64, in executor: any SQLExecutor) async throws(DatabaseError) -> Credentials? {
        try await firstCredentials(executor.execute(findByID, [.int(id)]))
    }

    /// A user as committed, who cannot change before the transaction ends.
    static func lockCredentials(id: Int64, in transaction: any SQLExecutor) async throws(DatabaseError) -> Credentials? {
        try await firstCredentials(transaction.execute(lockByID, [.int(id)]))
    }

    /// - Parameter login: an address, in any case, or a username.
    static func credentials(login: Text, in executor: any SQLExecutor) async throws(DatabaseError) -> Credentials? {
        // A username has no @ and an address has one, so the statement that can match is known beforehand.
        try await firstCredentials(executor.execute(login.contains(UInt8(ascii: "@")) ? findByEmail : findByUsername, [.text(login)]))
    }

    // MARK: Writing

    /// - Throws: `.constraint` where address or username are taken; see ``isIdentityConflict(_:)``.
    static func insert(_ new: NewUser, now: Timestamp, in executor: any SQLExecutor) async throws(DatabaseError) -> User {
        let rows = try await executor.execute(
            insertUser,
            [
                .text(new.email), .optional(new.username), .optional(new.name), .optional(new.fullName),
                .optional(new.hashedPassword), .text(new.role.rawValue), .timestamp(now),
            ])
        guard let user = try first(rows) else { throw .decoding("INSERT INTO users returned no row") }
        return user
    }

    /// - Returns: nil where there is no such user.
    static func update(
        id: Int64, _ changes: Changes, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> User? {
        try await first(
            executor.execute(
                updateUser,
                [
                    .int(id), .optional(changes.email),
                    .bool(!changes.username.isAbsent), .optional(changes.username.applied(to: nil)),
                    .bool(!changes.name.isAbsent), .optional(changes.name.applied(to: nil)),
                    .bool(!changes.fullName.isAbsent), .optional(changes.fullName.applied(to: nil)),
                    .timestamp(now), .optional(changes.role?.rawValue), changes.isActive.map { .bool($0) } ?? .null,
                    .optional(changes.hashedPassword),
                ]))
    }

    /// Replaces a hash, if it is still the one that was looked at.
    /// - Returns: false where it is not.
    static func replacePassword(
        id: Int64, old: String, new: String, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Bool {
        try await executor.execute(
            updatePassword, [.int(id), .text(old), .text(new), .timestamp(now)]
        ).affectedRows == 1
    }

    /// Makes an active administrator of a user, with another password.
    /// - Returns: false where there is no such user.
    static func promote(
        id: Int64, hashedPassword: String, now: Timestamp, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Bool {
        try await executor.execute(promoteUser, [.int(id), .text(hashedPassword), .timestamp(now)]).affectedRows == 1
    }

    /// Removes a user with everything that is theirs.
    static func delete(id: Int64, in executor: any SQLExecutor) async throws(DatabaseError) -> Bool {
        try await executor.execute(deleteUser, [.int(id)]).affectedRows == 1
    }

    /// The active administrators, held until the transaction ends: of two that leave at once the second one finds itself last.
    static func lockActiveAdmins(in transaction: any SQLExecutor) async throws(DatabaseError) -> [Int64] {
        var ids: [Int64] = []
        for row in try await transaction.execute(lockAdmins, []) { ids.append(try row.int(0)) }
        return ids
    }

    /// Whether an error says that an address or a username is taken.
    static func isIdentityConflict(_ error: any Error) -> Bool {
        guard case DatabaseError.constraint(.unique, let name) = error else { return false }
        // SQLite names the columns of an index on columns, and the index only where it is on an expression.
        return ["users_email_key", "users_username_key", "users.username"].contains(name)
    }

    // MARK: Rows

    private static func first(_ rows: SQLRows) throws(DatabaseError) -> User? {
        guard let row = rows.first else { return nil }
        return try user(row)
    }

    static func firstCredentials(_ rows: SQLRows) throws(DatabaseError) -> Credentials? {
        guard let row = rows.first else { return nil }
        return Credentials(user: try user(row), hashedPassword: try row.optionalText(10).map(hash))
    }

    /// The stored hash. An adopted table may hold anything: text that is not ASCII is no hash, and becomes `!`, which no password has (as in
    /// shadow(5)).
    private static func hash(_ stored: Text) -> String { stored.asciiString ?? "!" }

    /// Reads ``columns``.
    static func user(_ row: SQLRow) throws(DatabaseError) -> User {
        let role = try row.asciiString(5)
        guard let known = UserRole(rawValue: role) else { throw .decoding("no role is called \(role)") }
        return User(
            id: try row.int(0), email: try row.text(1), username: try row.optionalText(2),
            name: try row.optionalText(3), fullName: try row.optionalText(4), role: known,
            isActive: try row.bool(6), emailVerifiedAt: try row.optionalTimestamp(7),
            createdAt: try row.timestamp(8), updatedAt: try row.timestamp(9))
    }
}

// MARK: - Statements

extension UserRepository {
    static let columns =
        "id, email, username, name, full_name, role, is_active, email_verified_at, created_at, updated_at"

    private static let findByID = SQLStatement.read("SELECT \(columns), hashed_password FROM users WHERE id = $1")

    // Shared, so that logins of one user do not wait for each other. SQLite has one writer at a time, and this is it.
    private static let lockByID = SQLStatement.write(
        postgres: "SELECT \(columns), hashed_password FROM users WHERE id = $1 FOR SHARE",
        sqlite: "SELECT \(columns), hashed_password FROM users WHERE id = $1")

    // The casts tell PostgreSQL a parameter's type where its use alone does not.
    private static let findByEmail = SQLStatement.read(
        "SELECT \(columns), hashed_password FROM users WHERE lower(email) = lower(CAST($1 AS text))")

    private static let findByUsername = SQLStatement.read("SELECT \(columns), hashed_password FROM users WHERE username = $1")

    private static let insertUser = SQLStatement.write(
        """
        INSERT INTO users (email, username, name, full_name, hashed_password, role, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING \(columns)
        """)

    private static let updateUser = SQLStatement.write(
        """
        UPDATE users SET
            email_verified_at = CASE
                WHEN lower(COALESCE(CAST($2 AS text), email)) = lower(email) THEN email_verified_at ELSE NULL END,
            email = COALESCE(CAST($2 AS text), email),
            username = CASE WHEN CAST($3 AS boolean) THEN CAST($4 AS text) ELSE username END,
            name = CASE WHEN CAST($5 AS boolean) THEN CAST($6 AS text) ELSE name END,
            full_name = CASE WHEN CAST($7 AS boolean) THEN CAST($8 AS text) ELSE full_name END,
            role = COALESCE(CAST($10 AS text), role),
            is_active = COALESCE(CAST($11 AS boolean), is_active),
            hashed_password = COALESCE(CAST($12 AS text), hashed_password),
            updated_at = $9
        WHERE id = $1 RETURNING \(columns)
        """)

    private static let updatePassword = SQLStatement.write(
        "UPDATE users SET hashed_password = $3, updated_at = $4 WHERE id = $1 AND hashed_password = $2")

    private static let promoteUser = SQLStatement.write(
        "UPDATE users SET role = 'admin', is_active = TRUE, hashed_password = $2, updated_at = $3 WHERE id = $1")

    private static let deleteUser = SQLStatement.write("DELETE FROM users WHERE id = $1")

    // SQLite has one writer at a time: who deletes holds the whole file.
    private static let lockAdmins = SQLStatement.write(
        postgres: "SELECT id FROM users WHERE role = 'admin' AND is_active ORDER BY id FOR UPDATE",
        sqlite: "SELECT id FROM users WHERE role = 'admin' AND is_active ORDER BY id")
}

extension SQLValue {
    static func optional(_ text: Text?) -> SQLValue { text.map { .text($0) } ?? .null }
    static func optional(_ string: String?) -> SQLValue { string.map { .text($0) } ?? .null }
    static func optional(_ timestamp: Timestamp?) -> SQLValue { timestamp.map { .timestamp($0) } ?? .null }
}
