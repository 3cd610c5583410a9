// Public keys as they are published for others to verify our tokens with. Values; any thread.

import Crypto

/// A public key (RFC 7517), named by its thumbprint (RFC 7638): the same key has the same name wherever it is computed.
struct PublicJWK: Sendable, Hashable {
    /// The thumbprint: 43 characters.
    let id: String
    let algorithm: TokenKeys.Algorithm
    /// The members that are the key, in the order of their names, as the thumbprint wants them.
    private let members: JSONObject

    /// - Parameters:
    ///   - y: nil where a point has one coordinate (RFC 8037).
    init(algorithm: TokenKeys.Algorithm, keyType: String, curve: String, x: [UInt8], y: [UInt8]?) {
        self.algorithm = algorithm
        var members: JSONObject = ["crv": .string(curve), "kty": .string(keyType), "x": .string(Base64URL.encode(x))]
        if let y { members["y"] = .string(Base64URL.encode(y)) }
        self.members = members
        // RFC 7638 3.2, RFC 8037 2: the required members alone, in lexicographic order, without white space.
        id = Base64URL.encode(Array(SHA256.hash(data: JSONValue.object(members).serialized)))
    }
}

extension PublicJWK: JSONRepresentable {
    static var schemaNode: SchemaNode {
        let text: JSONValue = ["type": "string"]
        return .component(
            "JsonWebKey",
            [
                "title": "JsonWebKey", "type": "object",
                "properties": [
                    "kty": ["type": "string", "enum": ["EC", "OKP"]], "crv": ["type": "string", "enum": ["P-256", "Ed25519"]],
                    "x": text, "y": text, "kid": text, "use": ["type": "string", "const": "sig"],
                    "alg": ["type": "string", "enum": ["ES256", "EdDSA"]],
                ],
                "required": ["kty", "crv", "x", "kid", "use", "alg"],
            ])
    }

    func write(to writer: inout JSONWriter) {
        writer.value(.object(members.merging(["kid": .string(id), "use": "sig", "alg": .string(algorithm.rawValue)])))
    }
}

/// `{"keys":[...]}`.
struct JWKSetResponse: ResponseObject {
    let keys: [PublicJWK]

    static let schema = ResponseSchema<JWKSetResponse>(
        "JsonWebKeySet", .property("keys", description: "The current key first; empty where keys are shared secrets") { $0.keys })
}
