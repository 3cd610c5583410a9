// The errors of an operation in the document, and the schemas they have in common. FastAPI's names are kept where it has some:
// client generators know them.

import Reactor

/// Describes errors.
enum OpenAPIErrors {
    /// `HTTPValidationError` and its parts, and `ErrorResponse`.
    static let components: [SchemaNode.Component] = [
        SchemaNode.Component(
            name: "ErrorResponse",
            json: [
                "title": "ErrorResponse", "type": "object",
                "properties": [
                    "detail": ["type": "string", "description": "A sentence for people"],
                    "code": ["type": "string", "description": "Stable, for programs"],
                    "request_id": ["type": "string", "description": "The same as in X-Request-ID"],
                ],
                "required": ["detail", "code", "request_id"],
            ]),
        SchemaNode.Component(
            name: "HTTPValidationError",
            json: [
                "title": "HTTPValidationError", "type": "object",
                "properties": [
                    "detail": ["type": "array", "items": ["$ref": "#/components/schemas/ValidationError"], "title": "Detail"],
                    "code": ["type": "string"],
                    "request_id": ["type": "string"],
                ],
                "required": ["detail", "code", "request_id"],
            ]),
        SchemaNode.Component(
            name: "ValidationError",
            json: [
                "title": "ValidationError", "type": "object",
                "properties": [
                    "type": ["type": "string", "title": "Error Type"],
                    "loc": [
                        "type": "array", "items": ["anyOf": [["type": "string"], ["type": "integer"]]], "title": "Location",
                    ],
                    "msg": ["type": "string", "title": "Message"],
                    "input": ["title": "Input"],
                    "ctx": ["type": "object", "title": "Context"],
                ],
                "required": ["loc", "msg", "type"],
            ]),
    ]

    static let validation: JSONValue = [
        "description": "Validation Error",
        "content": ["application/json": ["schema": ["$ref": "#/components/schemas/HTTPValidationError"]]],
    ]

    /// One response for each status among `errors`, with an example for each code; sorted by status.
    static func responses(_ errors: [APIError]) -> [(status: String, response: JSONValue)] {
        let statuses = Set(errors.map(\.status.code)).sorted()
        return statuses.map { status in
            let sameStatus = errors.filter { $0.status.code == status }
            var examples = JSONObject()
            for error in sameStatus where examples[error.code] == nil {
                examples[error.code] = [
                    "value": ["detail": .string(error.detail), "code": .string(error.code), "request_id": "9f1c6c1e5a0b4d7e"]
                ]
            }
            let response: JSONObject = [
                "description": .string(sameStatus[0].status.reason),
                "content": [
                    "application/json": ["schema": ["$ref": "#/components/schemas/ErrorResponse"], "examples": .object(examples)]
                ],
            ]
            return (String(status), .object(response.merging(headers(sameStatus))))
        }
    }

    private static func headers(_ errors: [APIError]) -> JSONObject {
        let names = Set(errors.flatMap { $0.headers.map(\.name) }).sorted()
        guard !names.isEmpty else { return JSONObject() }
        return ["headers": .object(JSONObject(names.map { ($0, ["schema": ["type": "string"]]) }))]
    }
}
