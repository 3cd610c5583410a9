// The body of a request -> the values of a schema. Reading is the only part that waits; the rest is pure.

import Reactor

/// Reads bodies that are small enough to be held whole.
enum BodyReader {
    /// What a body may be.
    struct Limits: Sendable, Hashable {
        /// More is 413; where Content-Length announces more, before any of it is read.
        var maxBytes = 1 << 20
        /// Containers inside containers; more is 422.
        var maxJSONDepth = JSONParser.defaultMaxDepth
    }

    /// Up to here a body is decoded on the loop, which takes less than a millisecond. What the API's own clients send is smaller.
    static let maxBytesInPlace = 16_384

    /// A body as it arrived.
    enum Input: Sendable {
        case json([UInt8])
        case form([UInt8])

        var byteCount: Int {
            switch self {
            case .json(let bytes), .form(let bytes): bytes.count
            }
        }
    }

    static func read(_ request: HTTPRequest, encodings: [BodyEncoding], _ limits: Limits) async throws -> Input {
        let encoding = try self.encoding(of: request, among: encodings)
        if let length = request.body.declaredLength, length > limits.maxBytes { throw APIError.bodyTooLarge }
        let bytes = try await request.body.collect(upTo: limits.maxBytes)
        return encoding == .form ? .form(bytes) : .json(bytes)
    }

    /// The encoding of a request's body.
    /// - Throws: `APIError` 415 for one that is not accepted, and for a body that is compressed.
    static func encoding(of request: HTTPRequest, among accepted: [BodyEncoding]) throws(APIError) -> BodyEncoding {
        // RFC 9110 8.4.1: "identity" is no coding.
        if let coding = request.header("content-encoding"), !coding.isEmpty, coding.lowercasedASCII() != "identity" {
            throw .unsupportedContentCoding
        }
        return try encoding(of: request.header("content-type"), among: accepted)
    }

    /// The encoding that a Content-Type names. Without one it is the first that the endpoint accepts, as in FastAPI.
    static func encoding(of contentType: Text?, among accepted: [BodyEncoding]) throws(APIError) -> BodyEncoding {
        guard let contentType else { return accepted.first ?? .json }
        // What nearly everybody sends need not be taken apart.
        if let first = accepted.first, contentType == first.rawValue { return first }
        let essence = contentType.prefix(before: UInt8(ascii: ";")).trimmed().lowercasedASCII()
        let isJSON = essence == BodyEncoding.json.rawValue || (essence.hasPrefix("application/") && essence.hasSuffix("+json"))
        let encoding = isJSON ? .json : BodyEncoding(essence)
        guard let encoding, accepted.contains(encoding) else { throw .unsupportedMediaType }
        return encoding
    }

    /// The values of `schema` in `input`; nil after reporting faults.
    static func values(
        of input: Input, _ schema: ObjectSchema, _ limits: Limits, _ validation: inout Validation
    ) -> ObjectValues? {
        switch input {
        case .form(let bytes):
            var form = FormDecoding.object(bytes, names: schema.fieldNames)
            // Forms are OAuth2's: RFC 6749 3.2 has parameters without a value omitted and unrecognized ones ignored, and FastAPI
            // does so with every form.
            form.members.removeAll { $0.value == "" }
            return schema.values(of: form, echoesObject: false, &validation)
        case .json(let bytes):
            return jsonValues(of: bytes, schema, limits, &validation)
        }
    }

    private static func jsonValues(
        of bytes: [UInt8], _ schema: ObjectSchema, _ limits: Limits, _ validation: inout Validation
    ) -> ObjectValues? {
        guard !bytes.isEmpty else {
            validation.report(.missing, input: nil)
            return nil
        }
        do throws(JSONError) {
            let document = try JSONParser.parse(bytes, maxDepth: limits.maxJSONDepth)
            guard case .object(let object) = document else {
                validation.report(.modelAttributesType, input: document)
                return nil
            }
            return schema.values(of: object, echoesObject: true, &validation)
        } catch {
            validation.at(.index(error.offset)) { $0.report(.jsonInvalid(error.message), input: [:]) }
            return nil
        }
    }
}
