// What goes wrong in a request, as a client is told. Features state their errors as constants, throw them, and list the same
// constants in their routes' documentation.

import Reactor

/// An error with an HTTP status, a stable code for programs and a sentence for people.
///
///     extension APIError {
///         static let taskNotFound = APIError(.notFound, code: "TASK_NOT_FOUND", "Task not found")
///     }
struct APIError: Error, Sendable {
    let status: HTTPStatus
    /// Stable: clients branch on it.
    let code: String
    /// Safe to show; never a database's or a parser's own words.
    let detail: String
    /// Every fault of the input, where `status` is 422 and validation failed.
    let faults: [Fault]
    /// Further header fields of the answer.
    var headers: [HeaderField]

    init(_ status: HTTPStatus, code: String, _ detail: String, headers: [HeaderField] = []) {
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        faults = []
    }

    private init(faults: [Fault]) {
        status = .unprocessableContent
        code = "VALIDATION_ERROR"
        detail = "The request is not valid"
        headers = []
        self.faults = faults
    }

    /// 422 with every fault listed.
    static func validation(_ faults: [Fault]) -> APIError {
        APIError(faults: faults)
    }

    /// 422 with one fault, for checks that only a service can make.
    static func validation(_ kind: FaultKind, at location: LocationPart..., input: JSONValue? = nil) -> APIError {
        APIError(faults: [Fault(kind: kind, location: location, input: input)])
    }
}

/// A header field, where a handful are carried about as values.
struct HeaderField: Sendable, Hashable {
    let name: String
    let value: String
}

// MARK: - Errors every feature shares

extension APIError {
    static let notFound = APIError(.notFound, code: "NOT_FOUND", "Not Found")
    static let notAuthenticated = unauthorized(code: "NOT_AUTHENTICATED", "Not authenticated")
    static let invalidToken = unauthorized(code: "INVALID_TOKEN", "Could not validate credentials")
    static let forbidden = APIError(.forbidden, code: "FORBIDDEN", "Not enough permissions")
    static let adminRequired = APIError(.forbidden, code: "ADMIN_REQUIRED", "Admin access required")
    static let conflict = APIError(.conflict, code: "CONFLICT", "The request conflicts with what is stored")
    static let unsupportedMediaType = APIError(
        .unsupportedMediaType, code: "UNSUPPORTED_MEDIA_TYPE", "The Content-Type is not supported by this endpoint")
    /// Says which codings would do (RFC 9110 15.5.16): none.
    static let unsupportedContentCoding = APIError(
        .unsupportedMediaType, code: "UNSUPPORTED_CONTENT_ENCODING", "Request bodies must not be compressed",
        headers: [HeaderField(name: "Accept-Encoding", value: "identity")])
    static let bodyTooLarge = APIError(.contentTooLarge, code: "BODY_TOO_LARGE", "The request body is too large")
    static let bodyTimeout = APIError(.requestTimeout, code: "REQUEST_TIMEOUT", "The request body did not arrive in time")
    static let badRequest = APIError(.badRequest, code: "BAD_REQUEST", "The request could not be read")
    static let databaseFull = APIError(.insufficientStorage, code: "STORAGE_FULL", "There is no space left to store this")
    static let internalError = APIError(.internalServerError, code: "INTERNAL_ERROR", "Internal Server Error")

    /// 401 names the scheme that would have helped (RFC 9110 11.6.1).
    static func unauthorized(code: String, _ detail: String) -> APIError {
        APIError(.unauthorized, code: code, detail, headers: [HeaderField(name: "WWW-Authenticate", value: "Bearer")])
    }

    /// 405 with the methods that are there.
    static func methodNotAllowed(allow: String) -> APIError {
        APIError(
            .methodNotAllowed, code: "METHOD_NOT_ALLOWED", "Method Not Allowed",
            headers: [HeaderField(name: "Allow", value: allow)])
    }

    /// 429; `retryAfter` is rounded up to whole seconds, at least one.
    static func tooManyRequests(retryAfter: Duration, code: String = "RATE_LIMITED", _ detail: String = "Too many requests") -> APIError {
        APIError(.tooManyRequests, code: code, detail, headers: [.retryAfter(retryAfter)])
    }

    /// 503 with the time after which trying again makes sense.
    static func unavailable(
        retryAfter: Duration = .seconds(1), code: String = "SERVICE_UNAVAILABLE", _ detail: String = "Service temporarily unavailable"
    ) -> APIError {
        APIError(.serviceUnavailable, code: code, detail, headers: [.retryAfter(retryAfter)])
    }
}

extension HeaderField {
    static func retryAfter(_ duration: Duration) -> HeaderField {
        let milliseconds = duration.ceilingMilliseconds
        return HeaderField(name: "Retry-After", value: String(max(1, milliseconds / 1_000 + (milliseconds % 1_000 == 0 ? 0 : 1))))
    }
}
