// Applies a CORSPolicy: answers preflights, and marks other answers. Outside ErrorMiddleware, because a script may read errors too.

import Reactor

struct CORSMiddleware: Middleware {
    private let policy: CORSPolicy

    init(_ policy: CORSPolicy) {
        self.policy = policy
    }

    func respond(to context: RequestContext, next: Next) async throws -> HTTPResponse {
        let request = context.request
        let decision = policy.decide(
            origin: request.header("origin"), isOptions: request.method == .options,
            requestedMethod: request.header("access-control-request-method"),
            requestedHeaders: request.header("access-control-request-headers"))
        var response =
            decision.isPreflight ? HTTPResponse(status: .noContent, headers: HTTPHeaders(), body: .empty) : try await next(context)
        apply(decision, to: &response)
        return response
    }

    /// A script of an allowed origin may read these errors too. A preflight is not one of them: it must come through the pipeline.
    func amend(_ response: inout HTTPResponse, of refusal: HTTPRefusal) {
        let decision = policy.decide(origin: refusal.header("origin"), isOptions: false, requestedMethod: nil, requestedHeaders: nil)
        apply(decision, to: &response)
    }

    private func apply(_ decision: CORSPolicy.Decision, to response: inout HTTPResponse) {
        for field in decision.headers { response.headers.set(field.name, field.value) }
        if policy.variesByOrigin { response.headers.addToList("Vary", "Origin") }
    }
}
