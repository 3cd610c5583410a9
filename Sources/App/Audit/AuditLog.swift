// The audit log: who changed what, when, from where. Written in the transaction of the change itself, so that neither exists
// without the other. Stateless; runs where its caller runs.

import Reactor

/// One line of the audit log.
struct AuditEntry: Sendable {
    /// What happened: `user.register`, `session.end` ... Verbs stay; whoever searches the log relies on them.
    let action: String
    /// Who did it; nil for nobody known.
    let actorID: Int64?
    let subjectType: String
    let subjectID: String
    /// What else there is to know. No secrets, no passwords, no tokens.
    var details: JSONObject?

    init(_ action: String, by actorID: Int64?, on subjectType: String, _ subjectID: String, details: JSONObject? = nil) {
        self.action = action
        self.actorID = actorID
        self.subjectType = subjectType
        self.subjectID = subjectID
        self.details = details
    }
}

/// Writes entries.
enum AuditLog {
    /// - Parameter transaction: the one that holds the change.
    static func record(
        _ entry: AuditEntry, from origin: RequestOrigin, at now: Timestamp, in transaction: any SQLExecutor
    ) async throws(DatabaseError) {
        let details = entry.details.map { SQLValue.text(Text(decoding: JSONValue.object($0).serialized)) }
        _ = try await transaction.execute(
            insert,
            [
                .timestamp(now), entry.actorID.map { .int($0) } ?? .null, .text(entry.action), .text(entry.subjectType),
                .text(entry.subjectID), .text(Text(origin.clientAddress).clipped(toScalars: 64)),
                .text(Text(origin.requestID).clipped(toScalars: 128)),
                details ?? .null,
            ])
    }

    private static let insert = SQLStatement.write(
        """
        INSERT INTO audit_log (created_at, actor_id, action, subject_type, subject_id, ip, request_id, details)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """)
}
