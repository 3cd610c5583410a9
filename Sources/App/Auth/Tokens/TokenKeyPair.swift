// Keys of the asymmetric algorithms: read from PEM, made, and named. Values; any thread.

import Crypto
import FoundationEssentials
import JWTKit

/// A text is no key of the algorithm that it was read for. Never quotes the text.
struct InvalidTokenKey: Error, Hashable {
    let reason: String
}

/// A key that signs.
enum PrivateTokenKey: Sendable {
    case es256(P256.Signing.PrivateKey)
    case edDSA(Curve25519.Signing.PrivateKey)

    /// - Parameter pem: `PRIVATE KEY` (PKCS #8), for ES256 also `EC PRIVATE KEY` (SEC 1), as OpenSSL writes them.
    init(_ algorithm: TokenKeys.Algorithm, pem: String) throws(InvalidTokenKey) {
        let key: PrivateTokenKey? =
            switch algorithm {
            case .es256: (try? P256.Signing.PrivateKey(pemRepresentation: pem)).map(PrivateTokenKey.es256)
            case .edDSA:
                // CryptoKit's Curve25519 reads no PEM; JWTKit's does.
                (try? Curve25519.Signing.PrivateKey(rawRepresentation: EdDSA.PrivateKey(pem: pem).rawRepresentation))
                    .map(PrivateTokenKey.edDSA)
            case .hs256, .hs384, .hs512: nil
            }
        guard let key else { throw InvalidTokenKey(reason: "it is not the PEM of \(algorithm.keyDescription) private key") }
        self = key
    }

    /// A new one; nil for an algorithm without key pairs.
    static func random(_ algorithm: TokenKeys.Algorithm) -> PrivateTokenKey? {
        switch algorithm {
        case .es256: .es256(P256.Signing.PrivateKey())
        case .edDSA: .edDSA(Curve25519.Signing.PrivateKey())
        case .hs256, .hs384, .hs512: nil
        }
    }

    var pem: String {
        switch self {
        case .es256(let key): key.pemRepresentation
        case .edDSA(let key): EdDSA.PrivateKey(backing: key).pemRepresentation
        }
    }

    var publicKey: PublicTokenKey {
        switch self {
        case .es256(let key): .es256(key.publicKey)
        case .edDSA(let key): .edDSA(key.publicKey)
        }
    }
}

/// A key that verifies.
enum PublicTokenKey: Sendable {
    case es256(P256.Signing.PublicKey)
    case edDSA(Curve25519.Signing.PublicKey)

    /// - Parameter pem: `PUBLIC KEY` (SubjectPublicKeyInfo), or a private key, of which only the public half is kept: after a
    ///   rotation the old file can stay what it was.
    init(_ algorithm: TokenKeys.Algorithm, pem: String) throws(InvalidTokenKey) {
        if let key = try? PrivateTokenKey(algorithm, pem: pem) {
            self = key.publicKey
            return
        }
        let key: PublicTokenKey? =
            switch algorithm {
            case .es256: (try? P256.Signing.PublicKey(pemRepresentation: pem)).map(PublicTokenKey.es256)
            case .edDSA:
                (try? Curve25519.Signing.PublicKey(rawRepresentation: EdDSA.PublicKey(pem: pem).rawRepresentation))
                    .map(PublicTokenKey.edDSA)
            case .hs256, .hs384, .hs512: nil
            }
        guard let key else { throw InvalidTokenKey(reason: "it is not the PEM of \(algorithm.keyDescription) key") }
        self = key
    }

    /// The key as RFC 7517 has it.
    var jwk: PublicJWK {
        switch self {
        case .es256(let key):
            let coordinates = Array(key.rawRepresentation)
            return PublicJWK(
                algorithm: .es256, keyType: "EC", curve: "P-256", x: Array(coordinates.prefix(32)), y: Array(coordinates.suffix(32)))
        case .edDSA(let key):
            return PublicJWK(algorithm: .edDSA, keyType: "OKP", curve: "Ed25519", x: Array(key.rawRepresentation), y: nil)
        }
    }
}

extension TokenKeys.Algorithm {
    fileprivate var keyDescription: String {
        switch self {
        case .es256: "a P-256"
        case .edDSA: "an Ed25519"
        case .hs256, .hs384, .hs512: "a key pair's"
        }
    }
}
