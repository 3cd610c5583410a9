// The errors of an operation in the document, and the schemas they have in common. FastAPI's names are kept where it has some:
// client generators know them.

import Reactor

/// Describes errors.
enum OpenAPIErrors {
    /// `HTTPValidationError` and its parts, `ErrorResponse`, and RFC 9457's `ProblemDetails`.
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
            name: "ProblemDetails",
            json: [
                "title": "ProblemDetails", "type": "object",
                "properties": [
                    "type": ["type": "string", "format": "uri-reference"],
                    "title": ["type": "string", "description": "The status in words"],
                    "status": ["type": "integer"],
                    "detail": ["type": "string", "description": "A sentence for people"],
                    "code": ["type": "string", "description": "Stable, for programs"],
                    "request_id": ["type": "string", "description": "The same as in X-Request-ID"],
                    "errors": ["type": "array", "items": ["$ref": "#/components/schemas/ValidationError"]],
                ],
                "required": ["type", "title", "status", "detail", "code", "request_id"],
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

    /// The answer of status 422, by the schemas that its body may have.
    /// - Parameter sharesStatus: whether the status has another meaning too, in the plain shape: an Idempotency-Key that was used
    ///   before, for something else.
    static func validation(sharesStatus: Bool, _ components: inout OpenAPIComponents) -> JSONValue {
        let faults: JSONValue = ["$ref": "#/components/schemas/HTTPValidationError"]
        return components.reference(
            response: sharesStatus ? "ValidationErrorOrReusedKey" : "ValidationError",
            answer(
                description: sharesStatus ? "Validation Error, or a reused Idempotency-Key" : "Validation Error",
                content: ["schema": sharesStatus ? ["anyOf": [faults, ["$ref": "#/components/schemas/ErrorResponse"]]] : faults]))
    }

    /// One response for each status among `errors`, with an example for each code.
    static func responses(
        _ errors: [APIError], _ components: inout OpenAPIComponents
    ) -> [(status: Int, response: JSONValue)] {
        let statuses = Set(errors.map(\.status.code)).sorted()
        return statuses.map { status in
            let sameStatus = errors.filter { $0.status.code == status }
            var examples = JSONObject()
            var codes: [String] = []
            for error in sameStatus where examples[error.code] == nil {
                codes.append(error.code)
                examples[error.code] = [
                    "value": ["detail": .string(error.detail), "code": .string(error.code), "request_id": "9f1c6c1e5a0b4d7e"]
                ]
            }
            let answer = answer(
                description: sameStatus[0].status.reason,
                content: ["schema": ["$ref": "#/components/schemas/ErrorResponse"], "examples": .object(examples)],
                headers: sameStatus.flatMap { $0.headers.map(\.name) } + (status == 429 ? OpenAPIHeaders.rateLimit : []))
            return (status, components.reference(response: name(of: codes), answer))
        }
    }

    /// An error in both shapes that a client can ask for.
    private static func answer(description: String, content: JSONValue, headers: [String] = []) -> JSONObject {
        [
            "description": .string(description),
            "headers": OpenAPIHeaders.references(headers),
            "content": [
                "application/json": content,
                "application/problem+json": ["schema": ["$ref": "#/components/schemas/ProblemDetails"]],
            ],
        ]
    }

    /// `NOT_FOUND`, `TASK_NOT_FOUND` -> `NotFoundTaskNotFound`.
    private static func name(of codes: [String]) -> String {
        codes.flatMap { $0.split(separator: "_") }.map { $0.prefix(1) + $0.dropFirst().lowercased() }.joined()
    }
}
