// One log line a request. Never the query, header fields or a body: they carry tokens, addresses and passwords.

import Actors
import Logging
import Reactor

/// Logs requests when they are answered: `info`, and `error` from 500 on.
struct AccessLogMiddleware: Middleware {
    let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func respond(to context: RequestContext, next: Next) async throws -> HTTPResponse {
        let response: HTTPResponse
        do {
            response = try await next(context)
        } catch {
            log(context, status: APIError(error).status.code)
            throw error
        }
        log(context, status: response.status.code)
        return response
    }

    private func log(_ context: RequestContext, status: Int) {
        let level: Logger.Level = status >= 500 ? .error : .info
        // The metadata is only made where it is wanted.
        guard logger.logLevel <= level else { return }
        let duration = MonotonicInstant.now() - context.startedAt
        var metadata: Logger.Metadata = [
            "request_id": "\(context.requestID)",
            "method": "\(context.request.method.rawValue)",
            "path": "\(LogText.escaped(context.request.path))",
            "route": "\(context.route?.label ?? "-")",
            "status": "\(status)",
            "duration_ms": "\(Double(duration.wholeNanoseconds / 1_000) / 1_000)",
            "client": "\(context.clientAddress)",
        ]
        if let trace = context.trace { metadata["trace_id"] = "\(trace.span.trace.text)" }
        if let principal = context.principal { metadata["user_id"] = "\(principal.userID)" }
        logger.log(level: level, "request", metadata: metadata)
    }
}
