// The first administrator: what `reactor seed-admin` does. Stateless; runs where its caller runs.

import Actors
import Reactor

/// Makes sure that somebody can administer.
enum AccountSeed {
    enum Outcome: String, Sendable {
        case created
        case promoted = "promoted; it has the given password, and its sessions have ended"
        case unchanged = "unchanged; it is an administrator already"
        case unchangedInactive = "unchanged; it is an administrator, but not active (--promote activates it)"
    }

    /// The address belongs to somebody who is no administrator.
    struct AccountExists: Error, Equatable, CustomStringConvertible {
        let email: Text

        var description: String {
            "\(LogText.escaped(email)) belongs to an account that is not an administrator; nothing was changed. --promote makes it one, with the "
                + "given password, and ends its sessions."
        }
    }

    /// Creates an active administrator. One that exists keeps its password: running this twice must not reset what somebody
    /// changed in between.
    /// - Parameter promotes: whether an account that has the address may be made an active administrator. It then gets the password
    ///   and loses its sessions: anybody can register an address, and whoever did must not become administrator by it.
    /// - Throws: ``AccountExists`` where it may not.
    static func ensureAdmin(
        email: Text, password: Text, promotes: Bool = false, passwords: PasswordHasher, from origin: RequestOrigin,
        in database: DatabasePool
    ) async throws -> Outcome {
        let known = try await UserRepository.credentials(login: email, in: database)?.user
        if let known, known.role == .admin, known.isActive || !promotes {
            return known.isActive ? .unchanged : .unchangedInactive
        }
        guard known == nil || promotes else { throw AccountExists(email: email) }
        let hash = try await passwords.hash(password)
        let now = Timestamp.now()
        if let known {
            try await promote(known.id, hashedPassword: hash, from: origin, now: now, in: database)
            return .promoted
        }
        let new = UserRepository.NewUser(email: email, hashedPassword: hash, role: .admin)
        try await database.withTransaction { transaction in
            let user = try await UserRepository.insert(new, now: now, in: transaction)
            try await AuditLog.record(
                AuditEntry("user.create", by: nil, on: "user", String(user.id), details: ["role": "admin"]), from: origin, at: now,
                in: transaction)
        }
        return .created
    }

    private static func promote(
        _ id: Int64, hashedPassword: String, from origin: RequestOrigin, now: Timestamp, in database: DatabasePool
    ) async throws {
        try await database.withTransaction { transaction in
            guard try await UserRepository.promote(id: id, hashedPassword: hashedPassword, now: now, in: transaction) else {
                // Deleted a moment ago.
                throw APIError.userNotFound
            }
            let ended = try await SessionRepository.endAll(ofUser: id, now: now, in: transaction)
            try await OneTimeTokenRepository.invalidate(.passwordReset, ofUser: id, now: now, in: transaction)
            let entry = AuditEntry(
                "user.promote", by: nil, on: "user", String(id), details: ["sessions_ended": .number(JSONNumber(ended))])
            try await AuditLog.record(entry, from: origin, at: now, in: transaction)
        }
    }
}
