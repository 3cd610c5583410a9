// Middleware wraps the handler: it sees a request on its way in and the answer on its way out. The list stands in
// Boot/Routes.swift; a pipeline is made of it once a loop, and a request walks it without allocating a chain.

import Reactor

/// Something that happens around handlers.
///
/// One instance a loop; what it counts across requests is atomic, but never contended.
protocol Middleware: Sendable {
    /// Answers, by calling `next` or without it. What it throws is turned into an answer by ``ErrorMiddleware``.
    func respond(to context: RequestContext, next: Next) async throws -> HTTPResponse

    /// Adds what every response has from this middleware to one that the server makes without a handler: a malformed request, a
    /// limit, a timeout. No pipeline is run for those.
    func amend(_ response: inout HTTPResponse, of refusal: HTTPRefusal)
}

extension Middleware {
    func amend(_ response: inout HTTPResponse, of refusal: HTTPRefusal) {}
}

/// The rest of the way: the middleware after this one, and the handler at its end.
struct Next: Sendable {
    fileprivate let pipeline: Pipeline
    fileprivate let position: Int

    /// Inlined, so that a step of the way is one suspendable call and not two.
    @inline(__always)
    func callAsFunction(_ context: RequestContext) async throws -> HTTPResponse {
        guard position < pipeline.middleware.count else { return try await pipeline.endpoint(context) }
        let following = Next(pipeline: pipeline, position: position + 1)
        return try await pipeline.middleware[position].respond(to: context, next: following)
    }
}

/// A list of middleware, outermost first, and what it surrounds.
final class Pipeline: Sendable {
    fileprivate let middleware: [any Middleware]
    fileprivate let endpoint: Route.Endpoint

    init(_ middleware: [any Middleware], endpoint: @escaping Route.Endpoint) {
        self.middleware = middleware
        self.endpoint = endpoint
    }

    /// Amends a response that did not go through the pipeline.
    func amend(_ response: inout HTTPResponse, of refusal: HTTPRefusal) {
        for layer in middleware.reversed() { layer.amend(&response, of: refusal) }
    }

    func respond(to context: RequestContext) async throws -> HTTPResponse {
        try await Next(pipeline: self, position: 0)(context)
    }
}
