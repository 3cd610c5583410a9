// Changing and removing users. What a change takes away, it takes away at once: the session stores are told after the commit.

import Actors
import Reactor

extension UserService {
    /// Changes a user. Deactivating them and giving them another password end their sessions; another role holds from now on in the
    /// sessions that there are.
    /// - Throws: `APIError` ``APIError/forbidden``, ``APIError/accountProtected``, ``APIError/userNotFound``,
    ///   ``APIError/userExists``, ``APIError/lastAdmin``, or 422 for a member that is not the caller's to change.
    func update(_ id: Int64, _ request: UpdateUserRequest, _ access: UserAccess, from origin: RequestOrigin) async throws -> User {
        let right = try access.right(to: id)
        try request.checkMembers(right.members)
        guard !request.isEmpty else { return try await find(id, access) }
        let changes = try await completed(request, of: id)
        let now = Timestamp.now()
        return try await writing(to: id) {
            try await database.withTransaction { transaction in
                // In this order wherever both are locked, or two administrators who demote each other would wait for ever.
                let admins = changes.takesAdministration ? try await activeAdmins(for: access, in: transaction) : nil
                guard let target = try await UserRepository.lockForUpdate(id: id, in: transaction) else { throw APIError.userNotFound }
                try right.check(target)
                guard admins != [id] else { throw APIError.lastAdmin }
                guard let user = try await UserRepository.update(id: id, changes, now: now, in: transaction) else {
                    throw APIError.userNotFound
                }
                var ended: Int?
                if changes.endsSessions {
                    // Whoever gives themselves another password stays.
                    let own = access.principal.flatMap { $0.userID == id && user.isActive ? $0.sessionID : nil }
                    ended = try await SessionRepository.endAll(ofUser: id, except: own, now: now, in: transaction)
                    try await OneTimeTokenRepository.invalidate(.passwordReset, ofUser: id, now: now, in: transaction)
                }
                if isNewAddress(of: user, was: target, changes) { try await verification.enqueue(for: user, in: transaction) }
                for entry in entries(for: request, from: target.user, to: user, sessionsEnded: ended, by: access.principal?.userID) {
                    try await AuditLog.record(entry, from: origin, at: now, in: transaction)
                }
                return user
            }
        }
    }

    /// Removes a user with everything that is theirs.
    /// - Throws: `APIError` ``APIError/forbidden``, ``APIError/accountProtected``, ``APIError/userNotFound``,
    ///   ``APIError/lastAdmin``.
    func delete(_ id: Int64, _ access: UserAccess, from origin: RequestOrigin) async throws {
        let right = try access.right(to: id)
        // One's own account is deleted at /auth/me.
        guard right != .owner else { throw APIError.forbidden }
        let now = Timestamp.now()
        try await writing(to: id) {
            try await database.withTransaction { transaction in
                let admins = right == .visitor ? nil : try await activeAdmins(for: access, in: transaction)
                guard let target = try await UserRepository.lockForUpdate(id: id, in: transaction) else { throw APIError.userNotFound }
                try right.check(target)
                guard admins != [id] else { throw APIError.lastAdmin }
                guard try await UserRepository.delete(id: id, in: transaction) else { throw APIError.userNotFound }
                let entry = AuditEntry(
                    "user.delete", by: access.principal?.userID, on: "user", String(id),
                    details: ["role": .string(target.user.role.rawValue)])
                try await AuditLog.record(entry, from: origin, at: now, in: transaction)
            }
        }
    }

    /// What is to be written: with the password's hash.
    private func completed(_ request: UpdateUserRequest, of id: Int64) async throws -> UserRepository.Changes {
        var changes = request.changes
        guard let password = request.password else { return changes }
        let stored = try await UserRepository.find(id: id, in: database)
        try checkStrength(
            of: password, names: [changes.email, changes.username.applied(to: nil), stored?.email, stored?.username])
        changes.hashedPassword = try await passwords.hash(password)
        return changes
    }

    /// Whether an account has got an address, or an address an account.
    private func isNewAddress(of user: User, was old: UserRepository.Credentials, _ changes: UserRepository.Changes) -> Bool {
        guard old.hashedPassword != nil else { return changes.hashedPassword != nil }
        // As the database compares them: domains are in lower case already, local parts are ASCII.
        return user.email.lowercasedASCII() != old.user.email.lowercasedASCII()
    }

    /// The active administrators, held until the transaction ends.
    /// - Throws: `APIError` ``APIError/adminRequired`` where an administrator asks who was demoted a moment ago.
    private func activeAdmins(for access: UserAccess, in transaction: any SQLExecutor) async throws -> [Int64] {
        let admins = try await UserRepository.lockActiveAdmins(in: transaction)
        if access.isAdmin, let principal = access.principal, !admins.contains(principal.userID) { throw APIError.adminRequired }
        return admins
    }

    /// One for the change, and one more for a role: whoever looks for who became an administrator searches for that.
    private func entries(
        for request: UpdateUserRequest, from old: User, to new: User, sessionsEnded: Int?, by actor: Int64?
    ) -> [AuditEntry] {
        var details: JSONObject = ["changed": .array(request.members.map { .string($0.member.rawValue) })]
        if old.isActive != new.isActive { details["is_active"] = .bool(new.isActive) }
        if let sessionsEnded { details["sessions_ended"] = .number(JSONNumber(sessionsEnded)) }
        var entries = [AuditEntry("user.update", by: actor, on: "user", String(new.id), details: details)]
        if old.role != new.role {
            let roles: JSONObject = ["from": .string(old.role.rawValue), "to": .string(new.role.rawValue)]
            entries.append(AuditEntry("user.role_change", by: actor, on: "user", String(new.id), details: roles))
        }
        return entries
    }
}

extension UserRepository.Changes {
    /// Whether an administrator would be none, or not active, afterwards.
    fileprivate var takesAdministration: Bool { role == .user || isActive == false }

    fileprivate var endsSessions: Bool { isActive == false || hashedPassword != nil }
}
