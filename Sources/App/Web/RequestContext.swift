// One request on its way through middleware and handler: what is known about it so far. Loop-bound, not Sendable; lives as
// long as the handler runs.

import Actors
import Reactor

/// A request with everything that was found out about it.
final class RequestContext {
    let request: HTTPRequest
    /// The application's services on this loop: whoever holds state.
    let services: Services
    /// In `X-Request-ID`, in every log line and in every error.
    let requestID: String
    /// The address of the client, behind trusted proxies the one they vouch for.
    let clientAddress: String
    /// Where the router has led, which may be nowhere.
    let match: RouteMatch
    /// When the request's head had arrived.
    let startedAt: MonotonicInstant
    /// The values of the template's parameters, valid when a handler runs.
    private(set) var path = PathParameters()
    /// Who is asking; filled by ``AuthenticationMiddleware``.
    var principal: Principal?
    /// The request's place in a trace; nil where nothing is traced.
    var trace: RequestTrace?
    /// Told of the form by ``MultipartForm``; nil where nobody asks what was in it.
    var formDigest: FormDigest?
    /// Header fields that the answer gets whatever becomes of the request: success, error, refusal.
    var answerHeaders: [HeaderField] = []

    init(
        request: HTTPRequest, services: Services, requestID: String, clientAddress: String, match: RouteMatch,
        startedAt: MonotonicInstant
    ) {
        self.request = request
        self.services = services
        self.requestID = requestID
        self.clientAddress = clientAddress
        self.match = match
        self.startedAt = startedAt
    }

    /// The route that answers, if one does.
    var route: Route? {
        guard case .route(let route, _) = match else { return nil }
        return route
    }

    /// The known user behind this request.
    /// - Throws: 401 where there is none, which a route with `access: .user` never sees.
    var user: Principal {
        get throws(APIError) {
            guard let principal else { throw .notAuthenticated }
            return principal
        }
    }
}

// MARK: - Inputs

extension RequestContext {
    /// Decodes and validates the template's parameters.
    func readPath(_ validation: inout Validation) {
        guard case .route(let route, let captures) = match, !route.parameters.isEmpty else { return }
        path = PathParameters(route.parameters, captures: captures, of: request, &validation)
    }

    /// The query string as `Query`; nil after reporting faults.
    /// - Parameter unasked: what a request without one asks for, decided once a route; nil where it must have one.
    func readQuery<Query: RequestQuery>(unasked: Query?, _ validation: inout Validation) -> Query? {
        let text = request.query
        if text == nil, let unasked { return unasked }
        var own = Validation(at: ["query"])
        let values = Query.schema.values(
            of: FormDecoding.object(Array((text ?? "").utf8), names: Query.schema.fieldNames), echoesObject: false, &own)
        validation.merge(own)
        return values.map(Query.init)
    }

    /// Reads the body and validates it as `Body`; nil after reporting faults.
    /// - Throws: `APIError` 415 for another Content-Type, 413 for more than `MAX_BODY_BYTES`, 408 for a body that stalls.
    func readBody<Body: RequestBody>(_: Body.Type, _ validation: inout Validation) async throws -> Body? {
        let limits = services.configuration.server.bodies
        let input = try await BodyReader.read(request, encodings: Body.encodings, limits)
        let (body, faults) =
            input.byteCount <= BodyReader.maxBytesInPlace
            ? RequestContext.decode(input, as: Body.self, limits)
            : try await services.offload.run { RequestContext.decode(input, as: Body.self, limits) }
        validation.merge(faults)
        return body
    }

    private static func decode<Body: RequestBody>(
        _ input: BodyReader.Input, as: Body.Type, _ limits: BodyReader.Limits
    ) -> (body: Body?, faults: Validation) {
        var validation = Validation(at: ["body"])
        let values = BodyReader.values(of: input, Body.schema, limits, &validation)
        return (values.map(Body.init), validation)
    }
}
