// One route in the document.

import Reactor

/// Describes a route.
struct OpenAPIOperation {
    static let securityScheme = "OAuth2PasswordBearer"

    private let route: Route
    private let declaration: RouteDeclaration

    init(_ route: Route) {
        self.route = route
        declaration = route.declaration
    }

    func json(_ components: inout OpenAPIComponents) -> JSONObject {
        var operation: JSONObject = [
            "tags": [.string(declaration.tag)],
            "summary": .string(declaration.summary),
        ]
        if let description = declaration.description { operation["description"] = .string(description) }
        operation["operationId"] = .string(route.operationID)
        let parameters = pathParameters + queryParameters(&components) + headerParameters
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if let body = declaration.body { operation["requestBody"] = requestBody(body.schema, body.encodings, &components) }
        operation["responses"] = .object(responses(&components))
        if let security { operation["security"] = security }
        return operation
    }

    // MARK: - Inputs

    private var pathParameters: [JSONValue] {
        route.parameters.map { parameter in
            ["name": .string(parameter.name), "in": "path", "required": true, "schema": .object(parameter.schema)]
        }
    }

    private func queryParameters(_ components: inout OpenAPIComponents) -> [JSONValue] {
        var parameters: [JSONValue] = []
        for field in declaration.query?.fields ?? [] {
            var parameter: JSONObject = [
                "name": .string(field.name), "in": "query", "required": .bool(field.isRequired),
                "schema": components.reference(field.schema),
            ]
            if let description = field.schema.json["description"] { parameter["description"] = description }
            parameters.append(.object(parameter))
        }
        return parameters
    }

    private var headerParameters: [JSONValue] {
        takesIdempotencyKey ? [IdempotencyHeader.parameter] : []
    }

    private var takesIdempotencyKey: Bool { IdempotencyHeader.isTaken(by: declaration) }

    private func requestBody(
        _ schema: ObjectSchema, _ encodings: [BodyEncoding], _ components: inout OpenAPIComponents
    ) -> JSONValue {
        let reference = components.reference(schema.node)
        let content = JSONObject(encodings.map { ($0.rawValue, ["schema": reference]) })
        return ["required": true, "content": .object(content)]
    }

    /// Nil where no token is looked at; where one is optional, doing without is the other alternative.
    private var security: JSONValue? {
        let token: JSONValue = .object([OpenAPIOperation.securityScheme: []])
        return switch declaration.access {
        case .anyone: nil
        case .optionalUser: [token, [:]]
        case .user, .admin: [token]
        }
    }

    // MARK: - Answers

    private func responses(_ components: inout OpenAPIComponents) -> JSONObject {
        let success = success(&components)
        var responses: [(status: Int, response: JSONValue)] = [(declaration.status.code, .object(success))]
        responses += declaration.otherStatuses.map { ($0.code, .object(success)) }
        if route.method == .get {
            let unchanged: JSONObject = ["description": "Not Modified", "headers": OpenAPIHeaders.references(["ETag"])]
            responses.append((304, components.reference(response: "NotModified", unchanged)))
        }
        // What a route says itself about a status goes before what can happen to every route.
        let errors = errors.filter { error in !declaration.otherStatuses.contains { $0.code == error.status.code } }
        responses += OpenAPIErrors.responses(errors.filter { $0.status.code != 422 }, &components)
        if takesIdempotencyKey || takesInput {
            responses.append((422, OpenAPIErrors.validation(sharesStatus: takesIdempotencyKey, &components)))
        }
        return JSONObject(responses.sorted { $0.status < $1.status }.map { (String($0.status), $0.response) })
    }

    /// The handler's own, and those of what stands around it.
    private var errors: [APIError] {
        var errors = declaration.errors
        // A path whose parameter cannot be decoded leads nowhere.
        if !route.parameters.isEmpty, !errors.contains(where: { $0.status == .notFound }) { errors.append(.notFound) }
        switch declaration.access {
        case .anyone: break
        case .optionalUser: errors.append(.invalidToken)
        case .user: errors += [.notAuthenticated, .invalidToken]
        case .admin: errors += [.notAuthenticated, .invalidToken, .adminRequired]
        }
        if declaration.body != nil {
            errors += [.badRequest, .bodyTimeout, .bodyTooLarge, .unsupportedMediaType, .unsupportedContentCoding]
        }
        if declaration.limit != nil { errors.append(.tooManyRequests(retryAfter: .seconds(1))) }
        if takesIdempotencyKey { errors.append(.idempotencyConflict) }
        if !declaration.bypassesAdmission { errors.append(.unavailable()) }
        return errors
    }

    private var takesInput: Bool {
        !route.parameters.isEmpty || declaration.query != nil || declaration.body != nil
    }

    /// Whether the answer is a page of a list.
    private var isPaged: Bool {
        declaration.query?.fields.contains { $0.name == "skip" } ?? false
    }

    private func success(_ components: inout OpenAPIComponents) -> JSONObject {
        var response: JSONObject = ["description": "Successful Response", "headers": OpenAPIHeaders.references(successHeaders)]
        if let mediaType = declaration.produces ?? declaration.content.mediaType {
            let schema = declaration.content.schema.map { components.reference($0) }
            let mediaTypes = [mediaType] + declaration.otherMediaTypes
            // A document of no declared shape is any JSON; everything else that is written by hand is text.
            response["content"] = .object(
                JSONObject(
                    mediaTypes.map { type in
                        (type, ["schema": schema ?? (type == "application/json" ? .object(JSONObject()) : ["type": "string"])])
                    }))
        }
        return response
    }

    private var successHeaders: [String] {
        var names = isPaged ? OpenAPIHeaders.page : []
        if route.method == .get { names.append("ETag") }
        if declaration.limit != nil { names += OpenAPIHeaders.rateLimit }
        if takesIdempotencyKey { names.append(IdempotencyHeader.replayed) }
        return names
    }
}
