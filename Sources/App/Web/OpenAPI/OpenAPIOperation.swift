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
        let parameters = pathParameters + queryParameters(&components)
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
        var responses = JSONObject()
        responses[String(declaration.status.code)] = .object(success(&components))
        var errors = declaration.errors
        switch declaration.access {
        case .anyone: break
        case .optionalUser: errors.append(.invalidToken)
        case .user: errors += [.notAuthenticated, .invalidToken]
        case .admin: errors += [.notAuthenticated, .invalidToken, .adminRequired]
        }
        if declaration.body != nil { errors += [.bodyTooLarge, .unsupportedMediaType] }
        if declaration.limit != nil { errors.append(.tooManyRequests(retryAfter: .seconds(1))) }
        for (status, described) in OpenAPIErrors.responses(errors) { responses[status] = described }
        if takesInput { responses["422"] = OpenAPIErrors.validation }
        return responses
    }

    private var takesInput: Bool {
        !route.parameters.isEmpty || declaration.query != nil || declaration.body != nil
    }

    /// Whether the answer is a page of a list.
    private var isPaged: Bool {
        declaration.query?.fields.contains { $0.name == "skip" } ?? false
    }

    private static let pageHeaders: JSONValue = [
        "X-Total-Count": ["description": "How many there are in all", "schema": ["type": "integer"]],
        "X-Next-Cursor": [
            "description": "Where the next page begins, for `cursor`; absent on the last page", "schema": ["type": "string"],
        ],
        "Link": ["description": "The pages before and after (RFC 8288)", "schema": ["type": "string"]],
    ]

    private func success(_ components: inout OpenAPIComponents) -> JSONObject {
        var response: JSONObject = ["description": "Successful Response"]
        if isPaged { response["headers"] = OpenAPIOperation.pageHeaders }
        if let mediaType = declaration.produces ?? declaration.content.mediaType {
            // A document of no declared shape is any JSON; everything else that is written by hand is text.
            let undeclared: JSONValue = mediaType == "application/json" ? .object(JSONObject()) : ["type": "string"]
            let schema = declaration.content.schema.map { components.reference($0) } ?? undeclared
            response["content"] = .object([mediaType: ["schema": schema]])
        }
        return response
    }
}
