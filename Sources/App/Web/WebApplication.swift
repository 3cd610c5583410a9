// The application as the HTTP server sees it: route, context, pipeline, answer. One a loop.

import Reactor

/// Answers requests with the routes of a table.
final class WebApplication: HTTPResponder {
    private let router: Router
    private let services: Services
    private let trustedProxies: TrustedProxies
    private let pipeline: Pipeline
    private let requestIDs = RequestID.Generator()

    /// - Parameters:
    ///   - table: shared by all loops.
    ///   - services: of this loop.
    ///   - middleware: outermost first; made for this loop.
    init(table: RouteTable, services: Services, middleware: [any Middleware], trustedProxies: TrustedProxies = .none) {
        router = table.router
        self.services = services
        self.trustedProxies = trustedProxies
        pipeline = Pipeline(middleware, endpoint: WebApplication.endpoint)
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        let context = makeContext(request)
        var response: HTTPResponse
        do {
            response = try await pipeline.respond(to: context)
        } catch {
            // Only where the list has no ErrorMiddleware, or middleware outside it throws.
            response = ErrorMiddleware.response(to: error, context)
        }
        for field in context.answerHeaders { response.headers.set(field.name, field.value) }
        response.headers.set("X-Request-ID", context.requestID)
        return response
    }

    /// What the server refuses without asking anybody looks like every other error.
    func refusal(_ refusal: HTTPRefusal) -> HTTPResponse {
        let requestID = refusal.request?.name ?? requestID(sent: refusal.header("x-request-id"))
        let error =
            refusal.status == .methodNotAllowed
            ? APIError.methodNotAllowed(allow: Router.serverMethods)
            : APIError(refusal.status, code: refusal.code, refusal.status.reason)
        var response = error.response(requestID: requestID, isProblem: ErrorMiddleware.prefersProblem(refusal.header("accept")))
        pipeline.amend(&response, of: refusal)
        response.headers.set("X-Request-ID", requestID)
        return response
    }

    private func makeContext(_ request: HTTPRequest) -> RequestContext {
        let requestID = requestID(sent: request.header("x-request-id"))
        request.name = requestID
        return RequestContext(
            request: request, services: services, requestID: requestID,
            clientAddress: ClientAddress.of(request, trusting: trustedProxies),
            match: request.withPathBytes { router.match(request.method, Span<UInt8>(_bytes: $0)) }, startedAt: .now())
    }

    private func requestID(sent: Text?) -> String {
        sent.flatMap(RequestID.accepted) ?? requestIDs.next()
    }

    /// The innermost part: the route's handler, or why there is none.
    private static func endpoint(_ context: RequestContext) async throws -> HTTPResponse {
        switch context.match {
        case .route(let route, _):
            return try await route.declaration.endpoint(context)
        case .options(let allow):
            var headers = HTTPHeaders()
            headers.append("Allow", allow)
            return HTTPResponse(status: .noContent, headers: headers, body: .empty)
        case .methodNotAllowed(let allow):
            throw APIError.methodNotAllowed(allow: allow)
        case .notFound:
            throw APIError.notFound
        }
    }
}
