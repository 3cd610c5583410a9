// Requests that may be sent twice and take effect once. The state is rows of the database, so it holds for every process that shares
// it. A value of lets; its calls run on the loop that made it.
//
// A key is claimed before the handler runs, and gets the answer after it. The claim is a lease: a process that dies in between
// blocks its key for that long and not for a day, and so does a request of which nobody knows whether it was carried out. What it
// had done by then is done again by the next request, as if there were no key: the answer is not part of the handler's own
// transaction.

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

    /// - Parameter form: reads the request's form, where it has one that its handler reads as a stream: called only where there is an
    ///   answer, which may be another form's.
    /// - Throws: `APIError` ``APIError/idempotencyKeyReused``, ``APIError/idempotencyConflict``, and ``APIError/invalidToken`` where
    ///   the user was deleted a moment ago; what `form` throws.
    func claim(_ request: IdempotentRequest, form: (() async throws -> [[UInt8]])? = nil) async throws -> Verdict {
        let keyHash = digest.key(of: request)
        let contentHash = digest.content(of: request)
        // A key that is released between the two statements is free again. Whoever meets that twice may as well be told to wait.
        for _ in 0..<2 {
            if let claim = try await insert(keyHash, contentHash, request.userID) { return .first(claim) }
            guard let known = try await IdempotencyRepository.find(keyHash, in: database) else { continue }
            guard let answer = known.answer else {
                throw known.contentHash == contentHash ? APIError.idempotencyConflict : APIError.idempotencyKeyReused
            }
            let wholeHash = if let form { digest.content(contentHash, form: try await form()) } else { contentHash }
            guard known.contentHash == wholeHash else { throw APIError.idempotencyKeyReused }
            return .answered(answer)
        }
        throw APIError.idempotencyConflict
    }

    /// Keeps an answer for whoever sends the key again. Of one that is too large the fact is kept, for what was done must not be done
    /// twice; a refusal of that size gives the key back.
    /// - Parameter form: what the request's form was, where it was not known yet when the key was claimed.
    func keep(_ answer: StoredAnswer, for claim: IdempotencyRepository.Claim, form: [[UInt8]]? = nil) async throws {
        let isTooLarge = answer.body.count > maxAnswerBytes
        guard !isTooLarge || answer.isSuccess else { return try await release(claim) }
        let kept = isTooLarge ? answer.abridged : answer
        let contentHash = form.map { digest.content(claim.contentHash, form: $0) } ?? claim.contentHash
        try await shielded { database in
            _ = try await IdempotencyRepository.keep(kept, to: contentHash, for: claim, in: database)
        }
    }

    /// Gives a key back: the request has certainly come to nothing, and may be sent again.
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
