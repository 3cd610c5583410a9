// The keys that access tokens are signed and verified with. A value of lets; any thread.
//
// JWTKit has the algorithms. Its front door (`JWTKeyCollection`) is an actor on the global pool, which would cost two hops for
// each signature and read headers more leniently than we do; so the collection hands its algorithms out once, at boot, and
// they are called directly from then on.

import Crypto
import JWTKit

/// One algorithm, and its keys by id.
struct TokenKeys: Sendable {
    /// The only `alg` that is accepted, whatever a token says.
    let algorithm: String
    /// The id of the key that signs.
    let currentID: String
    /// What others verify with, the current key first; empty where keys are shared secrets.
    let publicKeys: [PublicJWK]
    private let keys: [String: any JWTAlgorithm]

    // MARK: Shared secrets

    /// - Parameters:
    ///   - algorithm: one with a shared secret.
    ///   - secret: signs and verifies.
    ///   - previousSecrets: verify only, until what they signed has expired.
    init(_ algorithm: Algorithm = .hs256, secret: String, previousSecrets: [String] = []) async throws {
        try await self.init(
            algorithm, secretBytes: Array(secret.utf8), previousSecretBytes: previousSecrets.map { Array($0.utf8) })
    }

    init(_ algorithm: Algorithm = .hs256, secretBytes: [UInt8], previousSecretBytes: [[UInt8]] = []) async throws {
        guard let digest = algorithm.digest else { preconditionFailure("\(algorithm.rawValue) has no shared secrets") }
        let collection = JWTKeyCollection()
        var keys: [String: any JWTAlgorithm] = [:]
        for secret in [secretBytes] + previousSecretBytes {
            let id = JWKIdentifier(string: TokenKeys.id(of: secret))
            await collection.add(hmac: TokenKeys.key(secret, algorithm), digestAlgorithm: digest, kid: id)
            keys[id.string] = try await collection.getKey(for: id)
        }
        self.algorithm = algorithm.rawValue
        self.keys = keys
        currentID = TokenKeys.id(of: secretBytes)
        publicKeys = []
    }

    /// Names a secret without telling anything about it.
    static func id(of secret: [UInt8]) -> String {
        let digest = SHA256.hash(data: Array("reactor key id:".utf8) + secret)
        return Base64URL.encode(Array(digest.prefix(9)))
    }

    /// Development may have a short secret, and JWTKit asserts that none is shorter than the digest. HMAC pads keys with zeros
    /// up to its block (RFC 2104 section 2), so padding here changes no signature.
    private static func key(_ secret: [UInt8], _ algorithm: Algorithm) -> HMACKey {
        let padding = [UInt8](repeating: 0, count: max(0, algorithm.digestBytes - secret.count))
        return HMACKey(key: SymmetricKey(data: secret + padding))
    }

    // MARK: Key pairs

    /// - Parameters:
    ///   - key: signs; its public half verifies.
    ///   - previousKeys: verify only, of the same algorithm.
    init(_ key: PrivateTokenKey, previousKeys: [PublicTokenKey] = []) async throws {
        let collection = JWTKeyCollection()
        let current = key.publicKey.jwk
        var keys: [String: any JWTAlgorithm] = [:]
        var published = [current]
        for previous in previousKeys {
            let jwk = previous.jwk
            precondition(jwk.algorithm == current.algorithm, "a previous key of another algorithm")
            guard !published.contains(jwk) else { continue }
            switch previous {
            case .es256(let key): await collection.add(ecdsa: try ES256PublicKey(backing: key), kid: JWKIdentifier(string: jwk.id))
            case .edDSA(let key): await collection.add(eddsa: EdDSA.PublicKey(backing: key), kid: JWKIdentifier(string: jwk.id))
            }
            published.append(jwk)
        }
        switch key {
        case .es256(let key): await collection.add(ecdsa: try ES256PrivateKey(backing: key), kid: JWKIdentifier(string: current.id))
        case .edDSA(let key): await collection.add(eddsa: EdDSA.PrivateKey(backing: key), kid: JWKIdentifier(string: current.id))
        }
        for jwk in published { keys[jwk.id] = try await collection.getKey(for: JWKIdentifier(string: jwk.id)) }
        algorithm = current.algorithm.rawValue
        currentID = current.id
        publicKeys = published
        self.keys = keys
    }

    // MARK: Use

    /// - Throws: what the algorithm throws, which none of ours does with a key of its own.
    func sign(_ input: [UInt8]) throws -> [UInt8] {
        guard let key = keys[currentID] else { preconditionFailure("the current key is always in the map") }
        return try key.sign(input)
    }

    /// Whether `signature` is the key's; the comparison of an HMAC takes the same time wherever they differ.
    /// - Throws: ``TokenFault/unknownKey``, ``TokenFault/signature``.
    func verify(_ signature: [UInt8], of input: [UInt8], keyID: String) throws(TokenFault) {
        guard let key = keys[keyID] else { throw .unknownKey }
        guard (try? key.verify(signature, signs: input)) == true else { throw .signature }
    }
}
