// Asks the rate limiter about requests to limited routes, and tells clients how they stand: those that were refused and those
// that were not.

import Actors
import Reactor

/// Limits requests per principal (the user, else the client's address or IPv6 network) and route.
struct RateLimitMiddleware: Middleware {
    private let limiter: RateLimiter
    private let tiers: [RateLimitTier: RateLimitRule]
    private let routes: [String: RateLimitRule?]

    /// - Parameters:
    ///   - tiers: what each tier allows; a tier without a rule is not limited (`RATE_LIMIT_ENABLED=false` has none).
    ///   - routes: what single routes allow instead, by their ``Route/limitKey``; nil there is no limit.
    init(_ limiter: RateLimiter, tiers: [RateLimitTier: RateLimitRule], routes: [String: RateLimitRule?] = [:]) {
        self.limiter = limiter
        self.tiers = tiers
        self.routes = routes
    }

    func respond(to context: RequestContext, next: Next) async throws -> HTTPResponse {
        guard let route = context.route, let rule = rule(of: route) else { return try await next(context) }
        let decision = await limiter.decide(rule, key: RateLimitMiddleware.key(route, context))
        context.answerHeaders += RateLimitHeaders.fields(decision, rule, now: .now())
        guard decision.isAllowed else { throw APIError.tooManyRequests(retryAfter: .seconds(decision.retryAfter)) }
        return try await next(context)
    }

    private func rule(of route: Route) -> RateLimitRule? {
        if !routes.isEmpty, let own = routes[route.limitKey] { return own }
        return route.limit.flatMap { tiers[$0] }
    }

    private static func key(_ route: Route, _ context: RequestContext) -> String {
        if let principal = context.principal { return "\(route.limitKey) user:\(principal.userID)" }
        return "\(route.limitKey) address:\(ClientAddress.limitKey(of: context.clientAddress))"
    }
}

/// How a client stands, in the two notations in use. Pure.
enum RateLimitHeaders {
    static func fields(_ decision: RateLimitDecision, _ rule: RateLimitRule, now: Timestamp) -> [HeaderField] {
        let windowSeconds = max(1, rule.window.ceilingMilliseconds / 1_000)
        let resetsAt = now.seconds.addingReportingOverflow(Int64(decision.resetSeconds)).partialValue
        return [
            // draft-ietf-httpapi-ratelimit-headers: quota and window of the policy, remaining and seconds until reset.
            HeaderField(name: "RateLimit-Policy", value: "\"\(rule.name)\";q=\(decision.limit);w=\(windowSeconds)"),
            HeaderField(name: "RateLimit", value: "\"\(rule.name)\";r=\(decision.remaining);t=\(decision.resetSeconds)"),
            // The older triplet; its reset is a UNIX time, as GitHub and SlowAPI have it.
            HeaderField(name: "X-RateLimit-Limit", value: String(decision.limit)),
            HeaderField(name: "X-RateLimit-Remaining", value: String(decision.remaining)),
            HeaderField(name: "X-RateLimit-Reset", value: String(resetsAt)),
        ]
    }
}
