// Access tokens: issued, and verified. A value of lets; any thread. Whether the session behind a token is still alive is not
// asked here but in TokenAuthenticator: a token only proves that we issued it.

import Actors
import FoundationEssentials
import Reactor

/// Issues and verifies access tokens (RFC 7519, RFC 8725).
struct TokenIssuer: Sendable {
    /// What clocks of different machines may differ by.
    static let clockSkew: Duration = .seconds(30)

    let keys: TokenKeys
    let issuer: String
    let audience: String
    /// For how long a token is good.
    let lifetime: Duration

    /// - Parameter now: `iat`; whole seconds of it count.
    func issue(userID: Int64, username: Text, role: String, session: SessionID, now: Timestamp = .now()) throws -> String {
        var header = JSONWriter()
        header.value(["alg": .string(keys.algorithm), "kid": .string(keys.currentID), "typ": "JWT"])
        var claims = JSONWriter()
        claims.value([
            "sub": .string(String(userID)), "username": .string(username), "role": .string(role), "typ": "access",
            "jti": .string(UUID().uuidString.lowercased()), "sid": .string(session.rawValue),
            "iss": .string(issuer), "aud": .string(audience),
            "iat": .number(JSONNumber(now.seconds)), "exp": .number(JSONNumber((now + lifetime).seconds)),
        ])
        let input = Base64URL.encode(header.bytes) + "." + Base64URL.encode(claims.bytes)
        return input + "." + Base64URL.encode(try keys.sign(Array(input.utf8)))
    }

    /// What a token of ours says.
    func verify(_ token: String, now: Timestamp = .now()) throws(TokenFault) -> AccessClaims {
        let parts = try CompactToken(parsing: token)
        let keyID = try checkHeader(parts.header)
        try keys.verify(parts.signature, of: parts.signingInput, keyID: keyID)
        return try claims(of: try CompactToken.object(parts.payload), now: now)
    }

    /// - Returns: the id of the key; a token that names none (PyJWT's default) is held against the current one.
    private func checkHeader(_ header: JSONObject) throws(TokenFault) -> String {
        // RFC 8725 3.1: the algorithm is ours to choose, so the token's word is compared and never followed.
        guard header["alg"] == .string(keys.algorithm) else { throw .algorithm }
        for member in header.members where !["alg", "kid", "typ"].contains(member.name) { throw .headerMember(member.name) }
        if let type = header["typ"], type.text?.equalsIgnoringCase("JWT") != true { throw .headerType }
        guard let id = header["kid"] else { return keys.currentID }
        guard let id = id.text?.asciiString else { throw .unknownKey }
        return id
    }

    private func claims(of object: JSONObject, now: Timestamp) throws(TokenFault) -> AccessClaims {
        let claims = ClaimReader(object: object)
        guard try claims.text("iss") == issuer else { throw .issuer }
        guard try claims.text("aud") == audience else { throw .audience }
        guard try claims.text("typ") == "access" else { throw .tokenType }
        let expiry = try claims.seconds("exp")
        let issued = try claims.seconds("iat")
        guard expiry + TokenIssuer.clockSkew > now else { throw .expired }
        guard issued <= now + TokenIssuer.clockSkew, issued <= expiry else { throw .issuedInFuture }
        if object["nbf"] != nil, try claims.seconds("nbf") > now + TokenIssuer.clockSkew { throw .issuedInFuture }
        let subject = try claims.text("sub")
        // "+7" and "07" are other spellings of 7, and another spelling is not what we issued.
        guard let userID = subject.asciiString.flatMap({ Int64($0) }), userID > 0, subject == String(userID) else { throw .claim("sub") }
        let session = try claims.text("sid")
        guard case .success(let sessionID) = UUIDText.parse(session), session == sessionID else { throw .claim("sid") }
        return AccessClaims(
            userID: userID, username: try claims.text("username"), role: try claims.text("role"),
            sessionID: SessionID(rawValue: sessionID), tokenID: try claims.text("jti"),
            // The store that remembers verified tokens compares with the bare clock.
            expiresAt: expiry)
    }
}

/// Reads claims, all of which are required.
private struct ClaimReader {
    let object: JSONObject

    func text(_ name: String) throws(TokenFault) -> Text {
        guard let text = object[name]?.text, !text.isEmpty else { throw .claim(name) }
        return text
    }

    /// A NumericDate in whole seconds.
    func seconds(_ name: String) throws(TokenFault) -> Timestamp {
        guard case .number(let number)? = object[name], case .value(let seconds) = number.whole, seconds >= 0 else {
            throw .claim(name)
        }
        return Timestamp(seconds: Int64(seconds))
    }
}
