// Whatever is thrown below becomes an answer here, so that the middleware outside sees answers only.

import Logging
import Reactor

/// Turns errors into answers, and logs those that nobody meant to happen.
struct ErrorMiddleware: Middleware {
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func respond(to context: RequestContext, next: Next) async throws -> HTTPResponse {
        do {
            return try await next(context)
        } catch {
            if APIError.isUnexpected(error), !(error is CancellationError) {
                logger.error(
                    "request failed",
                    metadata: [
                        "request_id": "\(context.requestID)",
                        "route": "\(context.route?.label ?? "-")",
                        "error": "\(LogText.escaped(String(describing: error)))",
                    ])
            }
            return ErrorMiddleware.response(to: error, context)
        }
    }

    static func response(to error: any Error, _ context: RequestContext) -> HTTPResponse {
        APIError(error).response(requestID: context.requestID, isProblem: prefersProblem(context.request.header("accept")))
    }

    /// Whether a client asks for errors as RFC 9457 has them.
    static func prefersProblem(_ accept: Text?) -> Bool {
        accept?.lists("application/problem+json") ?? false
    }
}
