// Tells the metrics about requests. What is kept of them is the metrics' business.

import Reactor

/// Counts and times requests. Called on the loop that serves them.
protocol RequestMetrics: Sendable {
    func requestStarted()
    /// - Parameters:
    ///   - route: the template, or `unmatched`: never a path.
    ///   - duration: from the request's head to its answer's.
    func requestFinished(route: String, method: HTTPMethod, status: Int, duration: Duration)
}

/// Reports every request to a ``RequestMetrics``.
struct MetricsMiddleware: Middleware {
    private let metrics: any RequestMetrics

    init(_ metrics: any RequestMetrics) {
        self.metrics = metrics
    }

    func respond(to context: RequestContext, next: Next) async throws -> HTTPResponse {
        metrics.requestStarted()
        do {
            let response = try await next(context)
            finish(context, status: response.status.code)
            return response
        } catch {
            finish(context, status: APIError(error).status.code)
            throw error
        }
    }

    private func finish(_ context: RequestContext, status: Int) {
        metrics.requestFinished(
            route: context.route?.label ?? "unmatched", method: context.request.method, status: status,
            duration: MonotonicInstant.now() - context.startedAt)
    }
}
