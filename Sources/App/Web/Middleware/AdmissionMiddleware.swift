// Says no early when there is more work than can be done in time: a quick 503 costs less than a slow answer that nobody waits for.

import Reactor
import Synchronization

/// Bounds the requests in flight on a loop, and the time that they may have waited for it. One a loop.
final class AdmissionMiddleware: Middleware {
    private let maxInFlight: Int
    private let maxQueueAge: Duration
    private let admitted = Atomic<Int>(0)

    /// Requests between here and their answers; routes that bypass admission are not counted.
    var inFlight: Int { admitted.load(ordering: .relaxed) }

    /// - Parameters:
    ///   - maxInFlight: of this loop.
    ///   - maxQueueAge: how long the loop may be behind with the work of one tick.
    init(maxInFlight: Int, maxQueueAge: Duration = .milliseconds(500)) {
        self.maxInFlight = maxInFlight
        self.maxQueueAge = maxQueueAge
    }

    func respond(to context: RequestContext, next: Next) async throws -> HTTPResponse {
        // Health and metrics must answer when everything else does not.
        guard let route = context.route, !route.declaration.bypassesAdmission else { return try await next(context) }
        guard inFlight < maxInFlight, queueAge(of: context) < maxQueueAge else {
            throw APIError.unavailable(code: "OVERLOADED", "The server is busy")
        }
        admitted.wrappingAdd(1, ordering: .relaxed)
        defer { admitted.wrappingSubtract(1, ordering: .relaxed) }
        return try await next(context)
    }

    /// How long ago the tick began in which this request is being served: the loop read the clock then, and its socket after it.
    private func queueAge(of context: RequestContext) -> Duration {
        context.startedAt - context.request.loop.now
    }
}
