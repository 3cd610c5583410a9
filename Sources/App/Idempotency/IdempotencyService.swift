// Requests that may be sent twice and take effect once. The state is rows of the database, so it holds for every process that shares
// it. A value of lets; its calls run on the loop that made it.
//
// A key is claimed before the handler runs, and gets the answer after it. The claim is a lease: a process that dies in between
// blocks its key for that long and not for a day. What it had done by then is done again by the next request, as if there were
// no key: the answer is not part of the handler's own transaction.

import Actors
import FoundationEssentials
import Reactor

/// Claims keys, and keeps answers.
struct IdempotencyService: Sendable {
    let database: DatabasePool
    let digest: IdempotencyDigest
    /// For how long an answer is replayed.
    let lifetime: Duration
    /// Longer than any handler runs.
    let lease: Duration
    let maxAnswerBytes: Int
    var clock: @Sendable () -> Timestamp = { .now() }

    /// What becomes of a request.
    enum Verdict: Sendable {
        /// It is the first: its answer is to be given to ``keep(_:for:)``, or the claim to ``release(_:)``.
        case first(IdempotencyRepository.Claim)
        /// It was answered before, like this.
        case answered(StoredAnswer)
    }

    /// - Throws: `APIError` ``APIError/idempotencyKeyReused``, ``APIError/idempotencyConflict``, and ``APIError/invalidToken`` where
    ///   the user was deleted a moment ago.
    func claim(_ request: IdempotentRequest) async throws -> Verdict {
        let keyHash = digest.key(of: request)
        let contentHash = digest.content(of: request)
        // A key that is released between the two statements is free again. Whoever meets that twice may as well be told to wait.
        for _ in 0..<2 {
            if let claim = try await insert(keyHash, contentHash, request.userID) { return .first(claim) }
            guard let known = try await IdempotencyRepository.find(keyHash, in: database) else { continue }
            guard known.contentHash == contentHash else { throw APIError.idempotencyKeyReused }
            guard let answer = known.answer else { throw APIError.idempotencyConflict }
            return .answered(answer)
        }
        throw APIError.idempotencyConflict
    }

    /// Keeps an answer for whoever sends the key again; one that is too large gives the key back.
    func keep(_ answer: StoredAnswer, for claim: IdempotencyRepository.Claim) async throws {
        guard answer.body.count <= maxAnswerBytes else { return try await release(claim) }
        try await shielded { database in
            _ = try await IdempotencyRepository.keep(answer, for: claim, in: database)
        }
    }

    /// Gives a key back: the request came to nothing, and may be sent again.
    func release(_ claim: IdempotencyRepository.Claim) async throws {
        try await shielded { database in try await IdempotencyRepository.release(claim, in: database) }
    }

    /// Nil where somebody else has the key.
    private func insert(_ keyHash: [UInt8], _ contentHash: [UInt8], _ userID: Int64?) async throws -> IdempotencyRepository.Claim? {
        let now = clock()
        let claim = IdempotencyRepository.Claim(
            keyHash: keyHash, contentHash: contentHash, userID: userID, id: UUID().uuidString.lowercased(), now: now,
            leasedUntil: now + lease, expiresAt: now + lifetime)
        do {
            let isTaken = try await shielded { database in try await IdempotencyRepository.claim(claim, in: database) }
            return isTaken ? claim : nil
        } catch DatabaseError.constraint(.foreignKey, _) {
            throw APIError.invalidToken
        }
    }

    /// Runs a statement to its end, whether or not the client is still there: it is the one who left that comes again.
    private func shielded<Result: Sendable>(
        _ body: @escaping @Sendable (DatabasePool) async throws -> Result
    ) async throws -> Result {
        let database = self.database
        return try await Task(executorPreference: database.loop) { try await body(database) }.value
    }
}
