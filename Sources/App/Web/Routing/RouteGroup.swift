// What a feature declares its routes with. Used at boot only.
//
// A route's input and output are read off its handler's signature, as FastAPI does it:
//
//     func create(_ context: RequestContext, _ body: CreateTaskRequest) async throws -> TaskResponse
//
//     routes.post("/tasks", summary: "Create a task", status: .created, access: .user, limit: .strict, handler: create)

import Reactor

/// The routes of one feature, to be mounted under one prefix or several.
final class RouteGroup {
    /// The section in the documentation.
    let tag: String
    /// Whether answers carry `Cache-Control: no-store`.
    let isSensitive: Bool
    private(set) var declarations: [RouteDeclaration] = []

    init(tag: String, isSensitive: Bool = false, _ declare: (RouteGroup) -> Void) {
        self.tag = tag
        self.isSensitive = isSensitive
        declare(self)
    }

    var get: RouteVerb { RouteVerb(group: self, method: .get) }
    var post: RouteVerb { RouteVerb(group: self, method: .post) }
    var put: RouteVerb { RouteVerb(group: self, method: .put) }
    var patch: RouteVerb { RouteVerb(group: self, method: .patch) }
    var delete: RouteVerb { RouteVerb(group: self, method: .delete) }

    fileprivate func add(_ declaration: RouteDeclaration) {
        declarations.append(declaration)
    }
}

/// A method of a group, called like one: `routes.get("/tasks", ...)`. The four forms differ in what the handler takes.
struct RouteVerb {
    fileprivate let group: RouteGroup
    fileprivate let method: HTTPMethod

    /// A route whose handler takes the request alone.
    /// - Parameters:
    ///   - template: parameters are `{name}`, `{name:int}`, `{name:uuid}`.
    ///   - summary: a few words, in the imperative; the operation's id is made of them.
    ///   - status: of success.
    ///   - produces: the media type where the answer is not JSON.
    ///   - errors: what the handler throws, for the documentation; 401, 403, 422 and 429 are added where they can occur.
    ///   - limit: nil is no limit.
    ///   - bypassesAdmission: whether it is answered even under overload.
    ///   - otherStatuses: of answers with the same content.
    ///   - otherMediaTypes: of the same content in other forms.
    func callAsFunction<Output: RouteOutput>(
        _ template: String, summary: String, description: String? = nil, status: HTTPStatus = .ok, produces: String? = nil,
        errors: [APIError] = [], access: Access = .anyone, limit: RateLimitTier? = nil, bypassesAdmission: Bool = false,
        otherStatuses: [HTTPStatus] = [], otherMediaTypes: [String] = [],
        handler: @escaping @Sendable (RequestContext) async throws -> Output
    ) {
        group.add(
            RouteDeclaration(
                method: method, template: template, summary: summary, description: description, tag: group.tag,
                isSensitive: group.isSensitive, status: status, produces: produces, errors: errors, access: access, limit: limit,
                bypassesAdmission: bypassesAdmission, content: Output.content, otherStatuses: otherStatuses,
                otherMediaTypes: otherMediaTypes
            ) { context in
                var validation = Validation(at: [])
                context.readPath(&validation)
                try validation.finish()
                return try await handler(context).response(status: status)
            })
    }

    /// A route whose handler takes the query string too.
    func callAsFunction<Query: RequestQuery, Output: RouteOutput>(
        _ template: String, summary: String, description: String? = nil, status: HTTPStatus = .ok, produces: String? = nil,
        errors: [APIError] = [], access: Access = .anyone, limit: RateLimitTier? = nil, bypassesAdmission: Bool = false,
        handler: @escaping @Sendable (RequestContext, Query) async throws -> Output
    ) {
        let unasked = Query.schema.valuesOfNothing.map(Query.init)
        group.add(
            RouteDeclaration(
                method: method, template: template, summary: summary, description: description, tag: group.tag,
                isSensitive: group.isSensitive, status: status, produces: produces, errors: errors, access: access, limit: limit,
                bypassesAdmission: bypassesAdmission, query: Query.schema, content: Output.content
            ) { context in
                var validation = Validation(at: [])
                context.readPath(&validation)
                let query = context.readQuery(unasked: unasked, &validation)
                try validation.finish()
                // Without a fault there is a value.
                guard let query else { throw APIError.internalError }
                return try await handler(context, query).response(status: status)
            })
    }

    /// A route whose handler takes a body.
    func callAsFunction<Body: RequestBody, Output: RouteOutput>(
        _ template: String, summary: String, description: String? = nil, status: HTTPStatus = .ok, produces: String? = nil,
        errors: [APIError] = [], access: Access = .anyone, limit: RateLimitTier? = nil, bypassesAdmission: Bool = false,
        handler: @escaping @Sendable (RequestContext, Body) async throws -> Output
    ) {
        group.add(
            RouteDeclaration(
                method: method, template: template, summary: summary, description: description, tag: group.tag,
                isSensitive: group.isSensitive, status: status, produces: produces, errors: errors, access: access, limit: limit,
                bypassesAdmission: bypassesAdmission, body: (Body.schema, Body.encodings), content: Output.content
            ) { context in
                var validation = Validation(at: [])
                context.readPath(&validation)
                let body = try await context.readBody(Body.self, &validation)
                try validation.finish()
                guard let body else { throw APIError.internalError }
                return try await handler(context, body).response(status: status)
            })
    }

    /// A route whose handler reads the body while it arrives.
    func callAsFunction<Body: StreamedBody, Output: RouteOutput>(
        _ template: String, summary: String, description: String? = nil, status: HTTPStatus = .ok, produces: String? = nil,
        errors: [APIError] = [], access: Access = .anyone, limit: RateLimitTier? = nil, bypassesAdmission: Bool = false,
        handler: @escaping @Sendable (RequestContext, Body) async throws -> Output
    ) {
        group.add(
            RouteDeclaration(
                method: method, template: template, summary: summary, description: description, tag: group.tag,
                isSensitive: group.isSensitive, status: status, produces: produces, errors: errors, access: access, limit: limit,
                bypassesAdmission: bypassesAdmission, body: (Body.schema, [Body.encoding]), content: Output.content
            ) { context in
                var validation = Validation(at: [])
                context.readPath(&validation)
                try validation.finish()
                return try await handler(context, try Body(context)).response(status: status)
            })
    }
}
