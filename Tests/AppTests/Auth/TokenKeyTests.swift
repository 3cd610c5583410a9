// Keys of the asymmetric algorithms: read, named, signed with, published, and rotated.

import Actors
import Crypto
import FoundationEssentials
import JWTKit
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct TokenKeyTests {
    static let algorithms: [TokenKeys.Algorithm] = [.es256, .edDSA]
    private static let now = Timestamp(seconds: 1_800_000_000)
    private static let session = SessionID(rawValue: "0d4f1bc2-6b0e-4a53-9a5f-0c1e0f5d2a11")

    static func random(_ algorithm: TokenKeys.Algorithm) throws -> PrivateTokenKey { try #require(PrivateTokenKey.random(algorithm)) }

    private static func issuer(_ key: PrivateTokenKey, previous: [PublicTokenKey] = []) async throws -> TokenIssuer {
        TokenIssuer(
            keys: try await TokenKeys(key, previousKeys: previous), issuer: "reactor", audience: "reactor", lifetime: .seconds(900))
    }

    private static func token(_ issuer: TokenIssuer) throws -> String {
        try issuer.issue(userID: 7, username: "ada", role: "user", session: session, now: now)
    }

    private func fault(_ issuer: TokenIssuer, _ token: String) -> TokenFault? {
        do throws(TokenFault) {
            _ = try issuer.verify(token, now: Self.now)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Signing

    @Test(arguments: algorithms)
    func whatWasIssuedVerifiesAndNothingElseDoes(_ algorithm: TokenKeys.Algorithm) async throws {
        let issuer = try await Self.issuer(Self.random(algorithm))
        let token = try Self.token(issuer)
        try #expect(issuer.verify(token, now: Self.now).userID == 7)
        let header = try CompactToken(parsing: token).header
        #expect(header["alg"] == .string(algorithm.rawValue))
        #expect(header["kid"] == .string(issuer.keys.publicKeys[0].id))
        let bytes = Array(token.utf8)
        for position in bytes.indices {
            var changed = bytes
            changed[position] = changed[position] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(fault(issuer, String(decoding: changed, as: UTF8.self)) != nil, "byte \(position)")
        }
        let parts = token.split(separator: ".")
        for signature in ["", "AA", String(repeating: "A", count: 86), "\(parts[2])AAAA", "\(parts[2].dropLast(4))"] {
            #expect(fault(issuer, "\(parts[0]).\(parts[1]).\(signature)") != nil, "\(signature)")
        }
        #expect(fault(try await Self.issuer(Self.random(algorithm)), token) == .unknownKey)
    }

    @Test(arguments: algorithms)
    func noOtherAlgorithmIsAccepted(_ algorithm: TokenKeys.Algorithm) async throws {
        let key = try Self.random(algorithm)
        let issuer = try await Self.issuer(key)
        let id = issuer.keys.currentID
        let claims = try Self.token(issuer).split(separator: ".")[1]
        // The classic: the public key, which everybody has, taken for an HMAC's secret.
        let publicPEM =
            switch key.publicKey {
            case .es256(let key): key.pemRepresentation
            case .edDSA(let key): EdDSA.PublicKey(backing: key).pemRepresentation
            }
        let forger = try await TokenKeys(secretBytes: Array(publicPEM.utf8))
        for name in ["HS256", "HS512", "none", "ES256", "EdDSA", "ES384", "RS256"] where name != algorithm.rawValue {
            let header = Base64URL.encode(Array("{\"alg\":\"\(name)\",\"kid\":\"\(id)\"}".utf8))
            let input = "\(header).\(claims)"
            #expect(fault(issuer, "\(input).\(Base64URL.encode(try forger.sign(Array(input.utf8))))") == .algorithm, "\(name)")
            #expect(fault(issuer, "\(input).\(Base64URL.encode(try issuer.keys.sign(Array(input.utf8))))") == .algorithm, "\(name)")
        }
        // Under the right name an HMAC is no signature.
        let header = Base64URL.encode(Array("{\"alg\":\"\(algorithm.rawValue)\",\"kid\":\"\(id)\"}".utf8))
        #expect(fault(issuer, "\(header).\(claims).\(Base64URL.encode(try forger.sign(Array("\(header).\(claims)".utf8))))") == .signature)
    }

    @Test(arguments: algorithms)
    func aTokenOfThePreviousKeyVerifiesUntilThatIsGone(_ algorithm: TokenKeys.Algorithm) async throws {
        let (old, new) = (try Self.random(algorithm), try Self.random(algorithm))
        let token = try Self.token(try await Self.issuer(old))
        let rotated = try await Self.issuer(new, previous: [old.publicKey, old.publicKey, new.publicKey])
        #expect(fault(rotated, token) == nil)
        #expect(rotated.keys.publicKeys.map(\.id) == [new.publicKey.jwk.id, old.publicKey.jwk.id])
        #expect(fault(rotated, try Self.token(rotated)) == nil)
        #expect(fault(try await Self.issuer(new), token) == .unknownKey)
    }

    // MARK: Names

    /// RFC 8037, appendix A.3.
    @Test func aKeysNameIsItsThumbprint() throws {
        let x = try #require(Base64URL.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
        let key = PublicTokenKey.edDSA(try Curve25519.Signing.PublicKey(rawRepresentation: x))
        #expect(key.jwk.id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        #expect(
            String(decoding: key.jwk.json, as: UTF8.self)
                == "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
                + "\"kid\":\"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k\",\"use\":\"sig\",\"alg\":\"EdDSA\"}")
    }

    /// RFC 8037, appendix A.4.
    @Test func signsLikeTheExampleOfRFC8037() async throws {
        let seed = try #require(Base64URL.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
        let keys = try await TokenKeys(.edDSA(try Curve25519.Signing.PrivateKey(rawRepresentation: seed)))
        let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
        #expect(
            Base64URL.encode(try keys.sign(Array(input.utf8)))
                == "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
    }

    // MARK: PEM

    /// One key as `openssl ecparam -genkey -noout`, `openssl pkcs8 -topk8` and `openssl ec -pubout` write it.
    static let ofOpenSSL = (
        sec1: """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEII83VzdO7kqSOrRoSHFn0+1ljULzhspSNouI81CoOumqoAoGCCqGSM49
        AwEHoUQDQgAEU40dML46cTnJjsZl9pvIbzRnjxVTEZvHTy0iGZkaXAHLSZhgdQ9l
        16VCJnSX/wa5aDdMyBNFp6lc7jlRaL7Aeg==
        -----END EC PRIVATE KEY-----

        """,
        pkcs8: """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjzdXN07uSpI6tGhI
        cWfT7WWNQvOGylI2i4jzUKg66aqhRANCAARTjR0wvjpxOcmOxmX2m8hvNGePFVMR
        m8dPLSIZmRpcActJmGB1D2XXpUImdJf/BrloN0zIE0WnqVzuOVFovsB6
        -----END PRIVATE KEY-----

        """,
        publicKey: """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEU40dML46cTnJjsZl9pvIbzRnjxVT
        EZvHTy0iGZkaXAHLSZhgdQ9l16VCJnSX/wa5aDdMyBNFp6lc7jlRaL7Aeg==
        -----END PUBLIC KEY-----

        """
    )

    /// `openssl genpkey -algorithm ed25519`, and its public half.
    static let ed25519OfOpenSSL = (
        pkcs8: """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIPOznwCLZFMuAgVItIOuD8KbvAIcCpS7UWGU67bAGFSj
        -----END PRIVATE KEY-----

        """,
        publicKey: """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEA7M88kq33UP+3SI9tpHDH3iT5//nps4tu1ea5nVuOcpo=
        -----END PUBLIC KEY-----

        """
    )

    @Test func readsWhatOpenSSLWrites() throws {
        let (sec1, pkcs8, publicKey) = TokenKeyTests.ofOpenSSL
        let id = try PrivateTokenKey(.es256, pem: sec1).publicKey.jwk.id
        #expect(id.count == 43)
        try #expect(PrivateTokenKey(.es256, pem: pkcs8).publicKey.jwk.id == id)
        for pem in [sec1, pkcs8, publicKey] { try #expect(PublicTokenKey(.es256, pem: pem).jwk.id == id) }
        let edwards = TokenKeyTests.ed25519OfOpenSSL
        let other = try PrivateTokenKey(.edDSA, pem: edwards.pkcs8).publicKey.jwk.id
        try #expect(PublicTokenKey(.edDSA, pem: edwards.publicKey).jwk.id == other)
    }

    @Test(arguments: algorithms)
    func aKeyThatWasWrittenIsReadAgain(_ algorithm: TokenKeys.Algorithm) throws {
        let key = try Self.random(algorithm)
        try #expect(PrivateTokenKey(algorithm, pem: key.pem).publicKey.jwk == key.publicKey.jwk)
    }

    @Test func refusesOtherKeysAndWhatIsNone() throws {
        for pem in [
            "", "x", TokenKeyTests.ofOpenSSL.publicKey, TokenKeyTests.ed25519OfOpenSSL.pkcs8,
            "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            P384.Signing.PrivateKey().pemRepresentation,
        ] {
            let error = #expect(throws: InvalidTokenKey.self) { try PrivateTokenKey(.es256, pem: pem) }
            #expect(error?.reason == "it is not the PEM of a P-256 private key")
        }
        #expect(throws: InvalidTokenKey.self) { try PrivateTokenKey(.edDSA, pem: TokenKeyTests.ofOpenSSL.pkcs8) }
        #expect(throws: InvalidTokenKey.self) { try PublicTokenKey(.edDSA, pem: TokenKeyTests.ofOpenSSL.publicKey) }
        #expect(throws: InvalidTokenKey.self) { try PublicTokenKey(.es256, pem: TokenKeyTests.ed25519OfOpenSSL.publicKey) }
        #expect(throws: InvalidTokenKey.self) { try PrivateTokenKey(.hs256, pem: TokenKeyTests.ofOpenSSL.pkcs8) }
    }
}
