// Why a request is refused before anybody saw it. A value; any thread.

/// A violation of RFC 9112 or RFC 9110, or of ``HTTPLimits``. After one, nothing later on the connection is served: where the
/// next request begins is anybody's guess, and guessing is how requests are smuggled.
public enum HTTPParseError: Error, Sendable, Hashable {
    case invalidRequestLine
    case invalidMethod
    case unknownMethod
    /// CONNECT, with a target that suits it (RFC 9110 9.3.6).
    case noTunnels
    case invalidTarget
    case invalidVersion
    case unsupportedVersion
    case requestLineTooLong
    case invalidLineEnding
    case invalidFieldName
    case invalidFieldValue
    case foldedField
    case headerTooLarge
    case tooManyFields
    case missingHost
    case repeatedHost
    case invalidHost
    case invalidContentLength
    case repeatedContentLength
    case invalidTransferEncoding
    case unknownTransferCoding
    case contentLengthWithTransferEncoding
    case invalidConnection
    case unknownExpectation
    case invalidChunkSize
    case invalidChunkExtension
    case chunkExtensionsTooLarge
    case invalidChunkEnd
    case trailersTooLarge
    case forbiddenTrailer

    /// What the client is answered.
    public var status: HTTPStatus {
        switch self {
        case .unknownMethod, .unknownTransferCoding: .notImplemented
        case .noTunnels: .methodNotAllowed
        case .unsupportedVersion: .httpVersionNotSupported
        case .requestLineTooLong: .uriTooLong
        case .headerTooLarge, .tooManyFields, .chunkExtensionsTooLarge, .trailersTooLarge: .requestHeaderFieldsTooLarge
        case .unknownExpectation: .expectationFailed
        default: .badRequest
        }
    }

    /// Stable, for programs: the status in words.
    var code: String {
        switch self {
        case .unknownMethod, .unknownTransferCoding: "NOT_IMPLEMENTED"
        case .noTunnels: "METHOD_NOT_ALLOWED"
        case .unsupportedVersion: "HTTP_VERSION_NOT_SUPPORTED"
        case .requestLineTooLong: "URI_TOO_LONG"
        case .headerTooLarge, .tooManyFields, .chunkExtensionsTooLarge, .trailersTooLarge: "REQUEST_HEADER_FIELDS_TOO_LARGE"
        case .unknownExpectation: "EXPECTATION_FAILED"
        default: "BAD_REQUEST"
        }
    }
}
