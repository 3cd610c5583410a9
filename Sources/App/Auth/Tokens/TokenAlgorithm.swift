// The algorithms that access tokens may be signed with. A value; any thread.

import JWTKit

extension TokenKeys {
    /// What `JWT_ALGORITHM` chooses between. The raw values are those of RFC 7518 and RFC 8037.
    enum Algorithm: String, CaseIterable, Sendable {
        case hs256 = "HS256"
        case hs384 = "HS384"
        case hs512 = "HS512"
        /// P-256.
        case es256 = "ES256"
        /// Ed25519.
        case edDSA = "EdDSA"

        /// Whether whoever can verify can sign too: the keys are secrets, and none of them is published.
        var isSymmetric: Bool { self != .es256 && self != .edDSA }

        /// Of the algorithms with a shared secret.
        var digest: DigestAlgorithm? {
            switch self {
            case .hs256: .sha256
            case .hs384: .sha384
            case .hs512: .sha512
            case .es256, .edDSA: nil
            }
        }

        /// Of the digest, and so of an HMAC.
        var digestBytes: Int {
            switch self {
            case .hs256, .es256, .edDSA: 32
            case .hs384: 48
            case .hs512: 64
            }
        }
    }
}
