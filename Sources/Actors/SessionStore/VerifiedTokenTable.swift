// Tokens whose signatures have been checked. Pure; the owner passes the time.
//
// The key is the whole token, compared whole: a match is the very string that was verified, with no hash in between that an
// attacker could work on. Only ASCII goes in, because String equality is Unicode's, under which U+212A (the kelvin sign) equals K:
// a verbatim token never needs that, and canonical base64url forbids it.

import Reactor

/// A bounded memory of verified tokens. What it cannot hold is verified again; what it holds is verified again after the
/// re-check interval, so that a withdrawn key or a changed setting takes effect.
struct VerifiedTokenTable: Sendable {
    /// Longer ones are refused by the verifier anyway (RELIABILITY: 4 KiB).
    static let maxTokenBytes = 4_096

    /// Hashed by its end alone: what is in the table ends in a verified signature, and those are spread as evenly as any hash.
    private struct Key: Hashable {
        let token: String

        func hash(into hasher: inout Hasher) {
            let bytes = token.utf8.span
            var end: UInt64 = 0
            for index in max(0, bytes.count - 8)..<bytes.count { end = end << 8 | UInt64(bytes[index]) }
            hasher.combine(end)
        }
    }

    private var entries: LRU<Key, AccessClaims>
    private let recheckInterval: Duration

    /// - Parameter maxBytes: of all tokens together, with 256 bytes for each one's claims.
    init(maxTokens: Int, maxBytes: Int, recheckInterval: Duration) {
        entries = LRU(maxEntries: maxTokens, maxCost: maxBytes)
        self.recheckInterval = recheckInterval
    }

    var count: Int { entries.count }

    /// The claims of a token that was verified not long ago and has not expired.
    mutating func claims(of token: String, now: MonotonicInstant, wallClock: Timestamp) -> AccessClaims? {
        guard VerifiedTokenTable.isCacheable(token), let claims = entries.value(for: Key(token: token), now: now) else { return nil }
        guard claims.expiresAt > wallClock else {
            entries.removeValue(for: Key(token: token))
            return nil
        }
        return claims
    }

    /// Remembers a token that has just been verified.
    mutating func insert(_ token: String, _ claims: AccessClaims, now: MonotonicInstant, wallClock: Timestamp) {
        guard VerifiedTokenTable.isCacheable(token), claims.expiresAt > wallClock else { return }
        entries.insert(claims, for: Key(token: token), cost: token.utf8.count + 256, expiresAt: now + recheckInterval, now: now)
    }

    mutating func removeAll() {
        entries.removeAll()
    }

    private static func isCacheable(_ token: String) -> Bool {
        guard token.utf8.count <= maxTokenBytes else { return false }
        // Strings know it of themselves as a rule: then nothing is looked at.
        var bytes = token.utf8Span
        return bytes.checkForASCII()
    }
}
