// The one place where errors of other layers become errors of the API. What they say about themselves goes to the log; a client
// learns whose fault it was and whether to try again.

import Actors
import Reactor

extension APIError {
    /// What a client is told about `error`.
    init(_ error: any Error) {
        switch error {
        case let error as APIError: self = error
        case let error as DatabaseError: self = APIError.database(error)
        case is SessionError: self = .invalidToken
        case is RedisError: self = .unavailable()
        case let error as HTTPBodyError: self = APIError.body(error)
        case let error as MultipartError: self = .malformedMultipart(error)
        case let error as FileStoreError: self = .fileStore(error)
        case is CancellationError: self = .unavailable(code: "CANCELLED", "The request was cancelled")
        default: self = .internalError
        }
    }

    /// Whether `error` is news for the operator: it was nobody's request that was wrong. An outage of the database is news once, and
    /// its health check's to tell.
    static func isUnexpected(_ error: any Error) -> Bool {
        if let error = error as? DatabaseError, error.isOutage { return false }
        return !(error is APIError) && APIError(error).status.code >= 500
    }

    private static func database(_ error: DatabaseError) -> APIError {
        switch error {
        case .unavailable, .timeout, .closed: .unavailable()
        case .incapable(.storageFull): .databaseFull
        // A failover takes some seconds.
        case .incapable(.readOnly):
            .unavailable(retryAfter: .seconds(5), code: "DATABASE_READ_ONLY", "Nothing can be changed at the moment")
        case .incapable: .unavailable(retryAfter: .seconds(5))
        // Retried already where that was safe; what is left may be tried again by whoever sent it.
        case .serialization: .unavailable(code: "WRITE_CONFLICT", "The change collided with another one")
        case .connectionLost(let commitUnknown):
            commitUnknown
                ? .unavailable(code: "COMMIT_UNKNOWN", "The connection was lost while the change was being saved")
                : .unavailable()
        // Services map the constraints they know to errors of their own; what arrives here is still a client's conflict.
        case .constraint(let kind, _):
            kind == .unique || kind == .foreignKey ? .conflict : .internalError
        case .cancelled: .unavailable(code: "CANCELLED", "The request was cancelled")
        case .statement, .decoding: .internalError
        }
    }

    private static func body(_ error: HTTPBodyError) -> APIError {
        switch error {
        case .tooLarge: .bodyTooLarge
        case .timeout: .bodyTimeout
        case .clientGone, .malformed: .badRequest
        }
    }
}
