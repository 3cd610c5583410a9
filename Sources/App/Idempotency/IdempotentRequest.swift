// A request with an Idempotency-Key, as far as it matters whether it is the same as another one, and the answer to it. Values; any
// thread.

import Crypto
import Reactor

/// What tells requests with keys apart.
struct IdempotentRequest: Sendable {
    /// Whose key it is; nil for somebody without a token.
    let userID: Int64?
    /// Stands in for the user where there is none.
    let clientAddress: String
    /// Method and template, the same under every prefix: two endpoints may be sent the same key.
    let route: String
    /// As the client chose it.
    let key: String
    /// Everything else that makes the request what it is: parameters, query, and a body that is held whole.
    let content: [[UInt8]]
}

/// An answer that is kept.
struct StoredAnswer: Sendable, Equatable {
    let status: Int
    let headers: [HeaderField]
    let body: [UInt8]

    var isSuccess: Bool { (200..<300).contains(status) }

    /// What is left of an answer whose body is not kept: that it was given, and what it said beside it.
    var abridged: StoredAnswer {
        let others = headers.filter { !$0.name.lowercased().hasPrefix("content-") }
        let notice: JSONValue = [
            "detail": "The request was carried out when it was sent first; its answer was too large to be kept", "code": "ANSWER_NOT_KEPT",
        ]
        return StoredAnswer(
            status: status, headers: others + [HeaderField(name: "Content-Type", value: "application/json")], body: notice.serialized)
    }
}

/// Names requests and their contents in the database.
///
/// Keyed with the server's secret, and not plain SHA-256: a body may hold a password, and whoever stole the table could try
/// passwords against a plain hash a million times faster than against Argon2's.
struct IdempotencyDigest: Sendable {
    private let secret: SymmetricKey

    init(secret: String) {
        self.secret = SymmetricKey(data: SHA256.hash(data: Array("reactor idempotency keys:\(secret)".utf8)))
    }

    /// The row's primary key.
    func key(of request: IdempotentRequest) -> [UInt8] {
        let principal = request.userID.map { "user:\($0)" } ?? "address:\(request.clientAddress)"
        return digest([principal, request.route, request.key].map { Array($0.utf8) })
    }

    /// What must be the same for a request to be the same.
    func content(of request: IdempotentRequest) -> [UInt8] {
        digest(request.content)
    }

    /// The same, with a form that was read later than the rest.
    func content(_ hash: [UInt8], form parts: [[UInt8]]) -> [UInt8] {
        digest([hash] + parts)
    }

    /// Each part goes in behind its length, so that no two lists of parts look alike.
    private func digest(_ parts: [[UInt8]]) -> [UInt8] {
        var code = HMAC<SHA256>(key: secret)
        for part in parts {
            code.update(data: (0..<8).map { UInt8(truncatingIfNeeded: part.count >> (56 - 8 * $0)) })
            code.update(data: part)
        }
        return Array(code.finalize())
    }
}

// MARK: - Errors

extension APIError {
    static let idempotencyKeyReused = APIError(
        .unprocessableContent, code: "IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was sent with another request before")
    static let idempotencyConflict = APIError(
        .conflict, code: "IDEMPOTENCY_CONFLICT", "A request with this Idempotency-Key is still being answered",
        headers: [.retryAfter(.seconds(1))])
}
