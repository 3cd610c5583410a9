// Route templates: "/tasks/{task_id:int}". Parsed at boot; a template that cannot be right stops the start.

/// The segments of a route.
struct PathTemplate: Sendable {
    enum Segment: Sendable {
        case literal(String)
        case parameter(PathParameter)
    }

    let segments: [Segment]
    /// As OpenAPI and metrics have it: `/tasks/{task_id}`.
    let documented: String

    /// - Parameter source: begins with a slash; parameters are `{name}`, `{name:int}` or `{name:uuid}`.
    init(_ source: String) {
        precondition(source.hasPrefix("/"), "the template \(source) does not begin with a slash")
        segments = source.split(separator: "/").map { text in
            guard text.hasPrefix("{"), text.hasSuffix("}") else { return .literal(String(text)) }
            return .parameter(PathParameter(text.dropFirst().dropLast()))
        }
        let texts = segments.map { segment in
            switch segment {
            case .literal(let text): text
            case .parameter(let parameter): "{\(parameter.name)}"
            }
        }
        documented = "/" + texts.joined(separator: "/")
        precondition(parameters.count <= PathCaptures.capacity, "the template \(source) has too many parameters")
        precondition(Set(parameters.map(\.name)).count == parameters.count, "the template \(source) repeats a parameter")
    }

    var parameters: [PathParameter] {
        segments.compactMap { segment in
            guard case .parameter(let parameter) = segment else { return nil }
            return parameter
        }
    }
}

/// A parameter in a template.
struct PathParameter: Sendable, Hashable {
    enum Kind: String, Sendable {
        case text = "str"
        case integer = "int"
        case uuid
    }

    let name: String
    let kind: Kind

    fileprivate init(_ source: Substring) {
        let parts = source.split(separator: ":", maxSplits: 1)
        guard let name = parts.first, let kind = parts.count == 1 ? .text : Kind(rawValue: String(parts[1])) else {
            preconditionFailure("{\(source)} is not {name}, {name:int} or {name:uuid}")
        }
        self.name = String(name)
        self.kind = kind
    }

    var schema: JSONObject {
        switch kind {
        case .text: ["type": "string"]
        case .integer: ["type": "integer"]
        case .uuid: ["type": "string", "format": "uuid"]
        }
    }
}
