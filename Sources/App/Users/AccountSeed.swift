// The first administrator: what `reactor seed-admin` does, and `serve` in development. Stateless; runs where its caller runs.

import Actors
import Reactor

/// Makes sure that somebody can administer.
enum AccountSeed {
    enum Outcome: String, Sendable {
        case created, promoted, unchanged
    }

    /// Creates an active administrator, or makes one of the account that has the address. An existing password stays: running
    /// this twice must not reset what somebody changed in between.
    static func ensureAdmin(
        email: String, password: String, passwords: PasswordHasher, from origin: RequestOrigin, in database: DatabasePool
    ) async throws -> Outcome {
        let now = Timestamp.now()
        if let known = try await UserRepository.credentials(login: email, in: database)?.user {
            guard known.role != .admin || !known.isActive else { return .unchanged }
            try await database.withTransaction { transaction in
                try await UserRepository.promote(id: known.id, now: now, in: transaction)
                try await AuditLog.record(
                    AuditEntry("user.promote", by: nil, on: "user", String(known.id)), from: origin, at: now, in: transaction)
            }
            return .promoted
        }
        let hash = try await passwords.hash(password)
        let new = UserRepository.NewUser(email: email, hashedPassword: hash, role: .admin)
        try await database.withTransaction { transaction in
            let user = try await UserRepository.insert(new, now: now, in: transaction)
            try await AuditLog.record(
                AuditEntry("user.create", by: nil, on: "user", String(user.id), details: ["role": "admin"]), from: origin, at: now,
                in: transaction)
        }
        return .created
    }
}
