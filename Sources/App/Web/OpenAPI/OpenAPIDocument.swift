// The OpenAPI 3.1 description of a route table: made once at boot, from the declarations that the server itself works with.
// Pure; the same table gives the same bytes.

import Reactor

/// The description of an API.
struct OpenAPIDocument: Sendable {
    private let title: String
    private let version: String
    private let description: String
    private let table: RouteTable
    /// Where Swagger's Authorize button sends a name and a password.
    private let tokenURL: String

    init(
        title: String, version: String, description: String, tokenURL: String = "/api/v1/auth/login/access-token", _ table: RouteTable
    ) {
        self.title = title
        self.version = version
        self.description = description
        self.tokenURL = tokenURL
        self.table = table
    }

    /// The document as UTF-8 JSON.
    var json: [UInt8] { tree.serialized }

    /// The document as a tree.
    var tree: JSONValue {
        var components = OpenAPIComponents()
        components.insert(OpenAPIErrors.components)
        var paths = JSONObject()
        for route in table.routes {
            var item = paths[route.label] ?? [:]
            guard case .object(var operations) = item else { continue }
            operations[route.method.rawValue.lowercased()] = .object(OpenAPIOperation(route).json(&components))
            item = .object(operations)
            paths[route.label] = item
        }
        return [
            "openapi": "3.1.0",
            "info": ["title": .string(title), "description": .string(description), "version": .string(version)],
            "paths": .object(paths),
            "components": [
                "schemas": .object(components.sorted),
                "responses": .object(components.sortedResponses),
                "headers": .object(OpenAPIHeaders.components),
                "securitySchemes": [
                    OpenAPIOperation.securityScheme: [
                        "type": "oauth2",
                        "flows": ["password": ["scopes": [:], "tokenUrl": .string(tokenURL)]],
                    ]
                ],
            ],
            "tags": .array(tags),
        ]
    }

    private var tags: [JSONValue] {
        var names: [String] = []
        for route in table.routes where !names.contains(route.declaration.tag) { names.append(route.declaration.tag) }
        return names.map { ["name": .string($0)] }
    }
}

/// The named schemas and answers of a document. Two different schemas under one name are our mistake, found at boot.
struct OpenAPIComponents {
    private var schemas: [String: JSONObject] = [:]
    private var responses: [String: JSONObject] = [:]

    mutating func insert(_ components: [SchemaNode.Component]) {
        for component in components {
            let known = schemas.updateValue(component.json, forKey: component.name)
            precondition(known == nil || known == component.json, "two schemas are named \(component.name)")
        }
    }

    /// The schema to use in place, its components kept.
    mutating func reference(_ node: SchemaNode) -> JSONValue {
        insert(node.components)
        return .object(node.json)
    }

    /// The answer to use in place: a reference, or the answer itself where the name stands for another one already.
    mutating func reference(response name: String, _ json: JSONObject) -> JSONValue {
        guard responses[name, default: json] == json else { return .object(json) }
        responses[name] = json
        return ["$ref": .string("#/components/responses/\(name)")]
    }

    /// By name.
    var sorted: JSONObject { OpenAPIComponents.sorted(schemas) }

    /// By name.
    var sortedResponses: JSONObject { OpenAPIComponents.sorted(responses) }

    private static func sorted(_ components: [String: JSONObject]) -> JSONObject {
        JSONObject(components.sorted { $0.key < $1.key }.map { ($0.key, .object($0.value)) })
    }
}
