// Asks the rate limiter about requests to limited routes, and tells clients how they stand: those that were refused and those
// that were not.

import Actors
import Reactor

/// Limits requests per principal (the user, else the client's address or IPv6 network) and route.
struct RateLimitMiddleware: Middleware {
    private let limiter: RateLimiter
    private let tiers: [RateLimitTier: Limit]
    private let routes: [String: Limit?]

    /// A rule, and how clients are told of it.
    private struct Limit {
        let rule: RateLimitRule
        let headers: RateLimitHeaders

        init(_ rule: RateLimitRule) {
            self.rule = rule
            headers = RateLimitHeaders(rule)
        }
    }

    /// - Parameters:
    ///   - tiers: what each tier allows; a tier without a rule is not limited (`RATE_LIMIT_ENABLED=false` has none).
    ///   - routes: what single routes allow instead, by their ``Route/limitKey``; nil there is no limit.
    init(_ limiter: RateLimiter, tiers: [RateLimitTier: RateLimitRule], routes: [String: RateLimitRule?] = [:]) {
        self.limiter = limiter
        self.tiers = tiers.mapValues(Limit.init)
        self.routes = routes.mapValues { $0.map(Limit.init) }
    }

    func respond(to context: RequestContext, next: Next) async throws -> HTTPResponse {
        guard let route = context.route, let limit = limit(of: route) else { return try await next(context) }
        let decision = await limiter.decide(limit.rule, key: RateLimitMiddleware.key(route, context))
        context.answerHeaders += limit.headers.fields(decision, now: .now())
        guard decision.isAllowed else { throw APIError.tooManyRequests(retryAfter: .seconds(decision.retryAfter)) }
        return try await next(context)
    }

    private func limit(of route: Route) -> Limit? {
        if !routes.isEmpty, let own = routes[route.limitKey] { return own }
        return route.limit.flatMap { tiers[$0] }
    }

    private static func key(_ route: Route, _ context: RequestContext) -> Text {
        if let principal = context.principal { return "\(route.limitKey) user:\(principal.userID)" }
        return "\(route.limitKey) address:\(ClientAddress.limitKey(of: context.clientAddress))"
    }
}

/// How a client stands with a rule, in the two notations in use. Pure; what the rule alone decides is made once.
struct RateLimitHeaders: Sendable {
    private let name: String
    private let policy: HeaderField
    private let limit: HeaderField

    init(_ rule: RateLimitRule) {
        name = rule.name
        let windowSeconds = max(1, rule.window.ceilingMilliseconds / 1_000)
        // draft-ietf-httpapi-ratelimit-headers: quota and window of the policy, remaining and seconds until reset.
        policy = HeaderField(
            name: "RateLimit-Policy", value: RateLimitHeaders.item(name, ";q=", rule.limit, ";w=", Int(clamping: windowSeconds)))
        // The older triplet; its reset is a UNIX time, as GitHub and SlowAPI have it.
        limit = HeaderField(name: "X-RateLimit-Limit", value: String(rule.limit))
    }

    func fields(_ decision: RateLimitDecision, now: Timestamp) -> [HeaderField] {
        let resetSeconds = decision.resetSeconds
        let resetsAt = now.seconds.addingReportingOverflow(Int64(resetSeconds)).partialValue
        return [
            policy,
            HeaderField(name: "RateLimit", value: RateLimitHeaders.item(name, ";r=", decision.remaining, ";t=", resetSeconds)),
            limit,
            HeaderField(name: "X-RateLimit-Remaining", value: String(decision.remaining)),
            HeaderField(name: "X-RateLimit-Reset", value: String(resetsAt)),
        ]
    }

    /// A string with two parameters (RFC 9651 3.3). Put together as bytes it costs a third of what an interpolation does.
    private static func item(_ name: String, _ first: String, _ firstValue: Int, _ second: String, _ secondValue: Int) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(64)
        text.append(UInt8(ascii: "\""))
        text.append(contentsOf: name.utf8)
        text.append(UInt8(ascii: "\""))
        text.append(contentsOf: first.utf8)
        text.append(decimal: Int64(firstValue))
        text.append(contentsOf: second.utf8)
        text.append(decimal: Int64(secondValue))
        return String(ascii: text)
    }
}
