// The compact form of a JWS (RFC 7515 section 7.1), taken apart strictly. Pure; nothing in a token is believed here, and no
// library sees one before it came through here.

import Reactor

/// A token's parts, decoded but not verified.
struct CompactToken {
    /// RELIABILITY: ours are under 500 bytes; whatever is longer is not worth a hash.
    static let maxBytes = 4_096

    let header: JSONObject
    /// The claims, still encoded as JSON: parsed after the signature was found good.
    let payload: [UInt8]
    /// What the signature covers: the first two parts as they were sent.
    let signingInput: [UInt8]
    let signature: [UInt8]

    init(parsing token: String) throws(TokenFault) {
        guard token.utf8.count <= CompactToken.maxBytes else { throw .tooLong }
        let parts = token.utf8.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        // Five parts are an encrypted token, two an unsigned one; an empty signature is one too.
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else { throw .malformed }
        guard let header = CompactToken.decode(parts[0]), let payload = CompactToken.decode(parts[1]),
            let signature = CompactToken.decode(parts[2])
        else { throw .encoding }
        self.header = try CompactToken.object(header)
        self.payload = payload
        self.signature = signature
        signingInput = Array(token.utf8[..<parts[1].endIndex])
    }

    private static func decode(_ part: Substring.UTF8View) -> [UInt8]? {
        Base64URL.decode(Text(decoding: part))
    }

    /// A JSON object whose members are unique: two readers of `{"alg":"none","alg":"HS256"}` would see two tokens.
    static func object(_ json: [UInt8]) throws(TokenFault) -> JSONObject {
        // Nothing of ours nests; 4 leaves room for what others add to the claims.
        guard case .object(let object)? = try? JSONParser.parse(json, maxDepth: 4) else { throw .json }
        return object
    }
}
