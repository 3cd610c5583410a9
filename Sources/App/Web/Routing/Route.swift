// One route: what a feature declared, and the handler behind it. Immutable after boot; shared by all loops.

import Reactor

/// A method on a path.
final class Route: Sendable {
    /// Reads the inputs off a context, runs the feature's handler and encodes what it returns.
    typealias Endpoint = @Sendable (RequestContext) async throws -> HTTPResponse

    let method: HTTPMethod
    let template: PathTemplate
    let declaration: RouteDeclaration
    /// Unique over all routes; FastAPI's scheme: summary, path, method.
    let operationID: String
    /// Kept apart from the template: it is asked for on every request.
    let parameters: [PathParameter]
    /// The same for every mount of a route, so that two prefixes make neither two allowances nor two keys.
    let limitKey: String

    init(_ declaration: RouteDeclaration, prefix: String) {
        self.declaration = declaration
        method = declaration.method
        template = PathTemplate(prefix + declaration.template)
        parameters = template.parameters
        limitKey = "\(declaration.method.rawValue) \(PathTemplate(declaration.template).documented)"
        operationID = Route.operationID(declaration, path: template.documented)
    }

    var access: Access { declaration.access }
    var limit: RateLimitTier? { declaration.limit }
    /// The label for metrics and logs: never a path, of which there are endlessly many.
    var label: String { template.documented }

    private static func operationID(_ declaration: RouteDeclaration, path: String) -> String {
        let words = "\(declaration.summary)_\(path)_\(declaration.method.rawValue)".lowercased()
            .split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        return words.joined(separator: "_")
    }
}

/// What a feature says about a route, before it is mounted anywhere.
struct RouteDeclaration: Sendable {
    let method: HTTPMethod
    let template: String
    let summary: String
    var description: String?
    var tag: String
    /// Answers that no cache may keep: tokens, accounts.
    var isSensitive: Bool
    var status: HTTPStatus
    /// The media type of an answer that is not JSON.
    var produces: String?
    var errors: [APIError]
    var access: Access
    var limit: RateLimitTier?
    /// Left out of the queue under overload: health and metrics.
    var bypassesAdmission: Bool
    /// What the handler takes and returns, read off its signature.
    var query: ObjectSchema?
    var body: (schema: ObjectSchema, encodings: [BodyEncoding])?
    var content: RouteContent
    /// Statuses of answers with the same content: a health that is none.
    var otherStatuses: [HTTPStatus] = []
    /// Media types of the same content in other forms, beside `produces`.
    var otherMediaTypes: [String] = []
    var endpoint: Route.Endpoint
}
