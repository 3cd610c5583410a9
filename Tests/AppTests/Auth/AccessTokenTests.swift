// Access tokens: what is accepted, and everything that is not.

import Actors
import Reactor
import Testing

@testable import App

@Suite struct AccessTokenTests {
    private static let secret = "a secret of thirty-two bytes or more"
    private static let now = Timestamp(seconds: 1_800_000_000)
    private static let session = SessionID(rawValue: "0d4f1bc2-6b0e-4a53-9a5f-0c1e0f5d2a11")

    private static func issuer(
        _ algorithm: TokenKeys.Algorithm = .hs256, secret: String = secret, previousSecrets: [String] = []
    ) async throws -> TokenIssuer {
        TokenIssuer(
            keys: try await TokenKeys(algorithm, secret: secret, previousSecrets: previousSecrets), issuer: "reactor",
            audience: "reactor", lifetime: .seconds(900))
    }

    private static func token(_ issuer: TokenIssuer) throws -> String {
        try issuer.issue(userID: 7, username: "ada", role: "user", session: session, now: now)
    }

    private static let goodClaims: JSONObject = [
        "sub": "7", "username": "ada", "role": "user", "typ": "access", "jti": "5d1f", "sid": .string(session.rawValue),
        "iss": "reactor", "aud": "reactor", "iat": 1_800_000_000, "exp": 1_800_000_900,
    ]

    /// A token with a good signature over whatever it says.
    private static func signed(
        _ issuer: TokenIssuer, header: String? = nil, claims: String? = nil
    ) throws -> String {
        let header = header ?? "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"\(issuer.keys.currentID)\"}"
        let claims = claims ?? String(decoding: JSONValue.object(goodClaims).serialized, as: UTF8.self)
        let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        return input + "." + Base64URL.encode(try issuer.keys.sign(Array(input.utf8)))
    }

    private static func signed(_ issuer: TokenIssuer, claim name: String, _ value: JSONValue?) throws -> String {
        var claims = goodClaims
        claims[name] = value
        return try signed(issuer, claims: String(decoding: JSONValue.object(claims).serialized, as: UTF8.self))
    }

    private func fault(_ issuer: TokenIssuer, _ token: String, now: Timestamp = now) -> TokenFault? {
        do throws(TokenFault) {
            _ = try issuer.verify(token, now: now)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Accepted

    @Test(arguments: TokenKeys.Algorithm.allCases.filter(\.isSymmetric))
    func whatWasIssuedVerifiesAndSaysTheSame(_ algorithm: TokenKeys.Algorithm) async throws {
        let issuer = try await Self.issuer(algorithm)
        let claims = try issuer.verify(try Self.token(issuer), now: Self.now)
        #expect(claims.userID == 7)
        #expect(claims.username == "ada")
        #expect(claims.role == "user")
        #expect(claims.sessionID == Self.session)
        #expect(claims.expiresAt == Timestamp(seconds: 1_800_000_900))
        #expect(!claims.tokenID.isEmpty)
    }

    @Test func carriesExactlyTheDocumentedClaims() async throws {
        let token = try CompactToken(parsing: try Self.token(try await Self.issuer()))
        let names = try CompactToken.object(token.payload).members.map(\.name)
        #expect(Set(names) == ["sub", "username", "role", "typ", "jti", "sid", "iss", "aud", "iat", "exp"])
        #expect(token.header["alg"] == "HS256")
        #expect(token.header["typ"] == "JWT")
        #expect(token.header["kid"] != nil)
    }

    @Test func twoTokensOfOneSessionDiffer() async throws {
        let issuer = try await Self.issuer()
        try #expect(Self.token(issuer) != Self.token(issuer))
    }

    @Test func verifiesAHandMadeTokenWithTheSameClaims() async throws {
        let issuer = try await Self.issuer()
        #expect(fault(issuer, try Self.signed(issuer)) == nil)
        #expect(fault(issuer, try Self.signed(issuer, header: "{\"alg\":\"HS256\",\"typ\":\"JWT\"}")) == nil)
    }

    /// `HS256` over these very bytes, as any other implementation computes it (RFC 7515 A.1).
    @Test func signsLikeTheExampleOfRFC7515() async throws {
        let key = Base64URL.decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
        let keys = try await TokenKeys(secretBytes: try #require(key))
        let input =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        #expect(Base64URL.encode(try keys.sign(Array(input.utf8))) == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    }

    @Test func aShortSecretOfDevelopmentWorks() async throws {
        let issuer = try await Self.issuer(.hs512, secret: "dev")
        #expect(fault(issuer, try Self.token(issuer)) == nil)
    }

    @Test func aTokenOfThePreviousSecretVerifiesUntilThatIsGone() async throws {
        let old = try Self.token(try await Self.issuer(secret: "the secret that was in use before this one"))
        let rotated = try await Self.issuer(previousSecrets: ["the secret that was in use before this one"])
        #expect(fault(rotated, old) == nil)
        #expect(fault(try await Self.issuer(), old) == .unknownKey)
    }

    // MARK: Form

    @Test func refusesTokensThatAreNotThreeParts() async throws {
        let issuer = try await Self.issuer()
        let token = try Self.token(issuer)
        let parts = token.split(separator: ".")
        for malformed in [
            "", ".", "..", "...", "a.b", token + ".", "." + token, token + ".AAAA", "\(parts[0]).\(parts[1])",
            "\(parts[0]).\(parts[1]).", "\(parts[0])..\(parts[2])", ".\(parts[1]).\(parts[2])",
        ] {
            #expect(fault(issuer, malformed) == .malformed, "\(malformed)")
        }
    }

    @Test func refusesAnotherSpellingOfTheSameBytes() async throws {
        let issuer = try await Self.issuer()
        let token = try Self.token(issuer)
        let parts = token.split(separator: ".").map(String.init)
        // 32 bytes are 43 characters, the last of which has two bits to spare: three other spellings decode alike elsewhere.
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let last = try #require(parts[2].last.flatMap(alphabet.firstIndex(of:)))
        for other in last + 1...last + 3 {
            #expect(fault(issuer, "\(parts[0]).\(parts[1]).\(parts[2].dropLast())\(alphabet[other])") == .encoding)
        }
        for other in [
            "\(token)=", "\(token) ", " \(token)", "\(token)\n", "\(parts[0])=.\(parts[1]).\(parts[2])",
            token.replacing("_", with: "/") + "+",
        ] {
            #expect(fault(issuer, other) == .encoding, "\(other)")
        }
    }

    @Test func refusesMoreThanFourKilobytesBeforeLooking() async throws {
        let issuer = try await Self.issuer()
        #expect(fault(issuer, String(repeating: "a", count: 4_097)) == .tooLong)
        #expect(fault(issuer, String(repeating: "a", count: 4_096)) == .malformed)
    }

    @Test func refusesHeadersAndClaimsThatAreNoObjects() async throws {
        let issuer = try await Self.issuer()
        for text in ["", "null", "[]", "\"HS256\"", "{", "{\"alg\":\"HS256\"", "{}{}", "\u{FEFF}{}"] {
            #expect(fault(issuer, try Self.signed(issuer, claims: text.isEmpty ? " " : text)) == .json, "\(text)")
            #expect(fault(issuer, try Self.signed(issuer, header: text.isEmpty ? " " : text)) == .json, "\(text)")
        }
    }

    @Test func refusesMembersThatAreThereTwice() async throws {
        let issuer = try await Self.issuer()
        let id = issuer.keys.currentID
        for header in [
            "{\"alg\":\"none\",\"alg\":\"HS256\"}", "{\"alg\":\"HS256\",\"alg\":\"HS256\"}",
            "{\"alg\":\"HS256\",\"kid\":\"x\",\"kid\":\"\(id)\"}", "{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}",
        ] {
            #expect(fault(issuer, try Self.signed(issuer, header: header)) == .json, "\(header)")
        }
        let claims = String(decoding: JSONValue.object(Self.goodClaims).serialized, as: UTF8.self)
        #expect(fault(issuer, try Self.signed(issuer, claims: claims.dropLast() + ",\"sub\":\"1\"}")) == .json)
    }

    @Test func refusesDeepNestingWithoutRecursingIntoIt() async throws {
        let issuer = try await Self.issuer()
        let nested = String(repeating: "[", count: 1_000)
        #expect(fault(issuer, try Self.signed(issuer, claims: "{\"sub\":\(nested)}")) == .json)
    }

    // MARK: Algorithm and key

    @Test(arguments: ["none", "None", "NONE", "nOnE", "", "HS384", "HS512", "hs256", "RS256", "ES256", "EdDSA", "HS256 ", "HS\u{0406}256"])
    func refusesEveryAlgorithmButTheConfiguredOne(_ algorithm: String) async throws {
        let issuer = try await Self.issuer()
        var header: JSONObject = ["typ": "JWT"]
        header["alg"] = .string(algorithm)
        let text = String(decoding: JSONValue.object(header).serialized, as: UTF8.self)
        let token = try Self.signed(issuer, header: text)
        #expect(fault(issuer, token) == .algorithm)
        #expect(fault(issuer, token.prefix { $0 != "." } + "." + token.split(separator: ".")[1] + ".") == .malformed)
    }

    @Test func refusesAHeaderWithoutAnAlgorithmOrWithSomethingElseForOne() async throws {
        let issuer = try await Self.issuer()
        for header in ["{}", "{\"alg\":null}", "{\"alg\":[\"HS256\"]}", "{\"alg\":256}", "{\"ALG\":\"HS256\"}"] {
            #expect(fault(issuer, try Self.signed(issuer, header: header)) == .algorithm, "\(header)")
        }
    }

    @Test(arguments: ["crit", "jwk", "jku", "x5u", "x5c", "x5t", "b64", "zip", "cty"])
    func refusesHeadersThatWantToBeObeyed(_ name: String) async throws {
        let issuer = try await Self.issuer()
        let header = "{\"alg\":\"HS256\",\"\(name)\":[\"exp\"]}"
        #expect(fault(issuer, try Self.signed(issuer, header: header)) == .headerMember(Text(name)))
    }

    @Test func refusesAnotherTypeOfHeader() async throws {
        let issuer = try await Self.issuer()
        for type in ["\"JWE\"", "\"\"", "null", "7"] {
            #expect(fault(issuer, try Self.signed(issuer, header: "{\"alg\":\"HS256\",\"typ\":\(type)}")) == .headerType, "\(type)")
        }
    }

    @Test func refusesAnUnknownKey() async throws {
        let issuer = try await Self.issuer()
        for id in ["\"other\"", "\"\"", "\"../../dev/null\"", "null", "0", "{}"] {
            #expect(fault(issuer, try Self.signed(issuer, header: "{\"alg\":\"HS256\",\"kid\":\(id)}")) == .unknownKey, "\(id)")
        }
    }

    // MARK: Signature

    @Test func refusesAnotherSecretsSignature() async throws {
        let other = try await Self.issuer(secret: "another secret of thirty-two bytes or more")
        let issuer = try await Self.issuer()
        #expect(fault(issuer, try Self.signed(other, header: "{\"alg\":\"HS256\"}")) == .signature)
        #expect(fault(issuer, try Self.token(other)) == .unknownKey)
    }

    @Test func refusesATokenInWhichAnyByteWasChanged() async throws {
        let issuer = try await Self.issuer()
        let token = Array(try Self.token(issuer).utf8)
        for position in token.indices {
            var changed = token
            changed[position] = changed[position] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(fault(issuer, String(decoding: changed, as: UTF8.self)) != nil, "byte \(position)")
        }
    }

    @Test func refusesATruncatedOrEmptySignature() async throws {
        let issuer = try await Self.issuer()
        let parts = try Self.token(issuer).split(separator: ".")
        #expect(fault(issuer, "\(parts[0]).\(parts[1]).") == .malformed)
        #expect(fault(issuer, "\(parts[0]).\(parts[1]).AA") == .signature)
        #expect(fault(issuer, "\(parts[0]).\(parts[1]).\(parts[2].dropLast(3))") != nil)
        #expect(fault(issuer, "\(parts[0]).\(parts[1]).\(parts[2])AAAA") == .signature)
    }

    // MARK: Claims

    @Test(arguments: ["sub", "username", "role", "jti", "sid", "iat", "exp", "iss", "aud", "typ"])
    func everyClaimIsRequired(_ name: String) async throws {
        let issuer = try await Self.issuer()
        #expect(fault(issuer, try Self.signed(issuer, claim: name, nil)) == .claim(name))
        #expect(fault(issuer, try Self.signed(issuer, claim: name, .null)) == .claim(name))
        #expect(fault(issuer, try Self.signed(issuer, claim: name, [])) == .claim(name))
    }

    @Test func refusesTokensOfOthersForOthersAndForSomethingElse() async throws {
        let issuer = try await Self.issuer()
        #expect(fault(issuer, try Self.signed(issuer, claim: "iss", "evil")) == .issuer)
        #expect(fault(issuer, try Self.signed(issuer, claim: "aud", "another service")) == .audience)
        for type in ["refresh", "Access", "id"] {
            #expect(fault(issuer, try Self.signed(issuer, claim: "typ", .string(type))) == .tokenType)
        }
    }

    @Test(arguments: ["0", "-7", "+7", "07", " 7", "7.0", "seven", "9223372036854775808"])
    func refusesSubjectsThatAreNoIdsOfOurs(_ subject: String) async throws {
        let issuer = try await Self.issuer()
        #expect(fault(issuer, try Self.signed(issuer, claim: "sub", .string(subject))) == .claim("sub"))
    }

    @Test(arguments: ["x", "0D4F1BC2-6B0E-4A53-9A5F-0C1E0F5D2A11", "0d4f1bc26b0e4a539a5f0c1e0f5d2a11", "' OR 1=1 --"])
    func refusesSessionsThatAreNoCanonicalUUIDs(_ id: String) async throws {
        let issuer = try await Self.issuer()
        #expect(fault(issuer, try Self.signed(issuer, claim: "sid", .string(id))) == .claim("sid"))
    }

    @Test func expiresWithThirtySecondsOfGrace() async throws {
        let issuer = try await Self.issuer()
        let token = try Self.token(issuer)
        #expect(fault(issuer, token, now: Timestamp(seconds: 1_800_000_929)) == nil)
        #expect(fault(issuer, token, now: Timestamp(seconds: 1_800_000_930)) == .expired)
    }

    @Test func isNotGoodBeforeItsTime() async throws {
        let issuer = try await Self.issuer()
        #expect(fault(issuer, try Self.token(issuer), now: Self.now - .seconds(30)) == nil)
        #expect(fault(issuer, try Self.token(issuer), now: Self.now - .seconds(31)) == .issuedInFuture)
        #expect(fault(issuer, try Self.signed(issuer, claim: "nbf", 1_800_000_031)) == .issuedInFuture)
        #expect(fault(issuer, try Self.signed(issuer, claim: "nbf", "now")) == .claim("nbf"))
    }

    @Test func refusesTimesThatAreNoWholeSeconds() async throws {
        let issuer = try await Self.issuer()
        for number in ["1e400", "-1", "1800000900.5", "99999999999999999999"] {
            let value = JSONValue.number(JSONNumber(verbatim: number))
            #expect(fault(issuer, try Self.signed(issuer, claim: "exp", value)) == .claim("exp"), "\(number)")
        }
        // The largest integer there is must not overflow either.
        let forever = JSONValue.number(JSONNumber(Int64.max))
        #expect(fault(issuer, try Self.signed(issuer, claim: "exp", forever)) == nil)
        #expect(fault(issuer, try Self.signed(issuer, claim: "iat", forever)) == .issuedInFuture)
    }

    // MARK: Keys

    @Test func aKeysNameTellsNothingAboutItsSecret() {
        let id = TokenKeys.id(of: Array(Self.secret.utf8))
        #expect(id.count == 12)
        #expect(id == TokenKeys.id(of: Array(Self.secret.utf8)))
        #expect(id != TokenKeys.id(of: Array("\(Self.secret)!".utf8)))
    }
}

@Suite struct RefreshTokenTests {
    @Test func holds256RandomBits() {
        let token = RefreshToken.random()
        #expect(Base64URL.decode(Text(token.text))?.count == 32)
        #expect(token != RefreshToken.random())
    }

    @Test func isStoredAsItsHash() throws {
        let token = RefreshToken.random()
        #expect(token.hash.count == 32)
        try #expect(#require(RefreshToken(Text(token.text))).hash == token.hash)
        #expect(token.hash != Base64URL.decode(Text(token.text)))
    }

    @Test(arguments: [
        "", "x", "AAAA", String(repeating: "A", count: 42), String(repeating: "A", count: 44), String(repeating: "A", count: 42) + "B",
    ])
    func refusesWhatCannotBeOne(_ text: String) {
        #expect(RefreshToken(Text(text)) == nil)
    }
}
