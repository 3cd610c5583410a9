// The header fields of answers in the document: each is described once and referred to from every answer that has it.

import Reactor

enum OpenAPIHeaders {
    /// By name.
    static let components: JSONObject = [
        "ETag": ["description": "For If-None-Match", "schema": ["type": "string", "pattern": #"^(W/)?"[^"]*"$"#]],
        "Idempotent-Replayed": [
            "description": "The answer was given before, to the same Idempotency-Key", "schema": ["type": "string", "const": "true"],
        ],
        "Link": ["description": "The pages before and after (RFC 8288)", "schema": ["type": "string"]],
        "RateLimit": ["description": "What is left of the quota, and the seconds until it is whole", "schema": ["type": "string"]],
        "RateLimit-Policy": ["description": "The quota and its window in seconds", "schema": ["type": "string"]],
        "Retry-After": ["description": "Seconds to wait", "schema": ["type": "integer", "minimum": 1]],
        "WWW-Authenticate": ["description": "The scheme that is asked for", "schema": ["type": "string"]],
        "X-Next-Cursor": [
            "description": "Where the next page begins, for `cursor`; absent on the last page", "schema": ["type": "string"],
        ],
        "X-RateLimit-Limit": ["description": "The quota", "schema": ["type": "integer", "minimum": 1]],
        "X-RateLimit-Remaining": ["description": "What is left of it", "schema": ["type": "integer", "minimum": 0]],
        "X-RateLimit-Reset": ["description": "When it is whole again, in seconds since 1970", "schema": ["type": "integer"]],
        "X-Request-ID": [
            "description": "The name of the request in the logs: the client's own, if it sent a well-formed one", "required": true,
            "schema": ["type": "string", "minLength": 1, "maxLength": .number(JSONNumber(RequestID.maxLength))],
        ],
        "X-Total-Count": ["description": "How many there are in all", "schema": ["type": "integer", "minimum": 0]],
    ]

    static let page = ["X-Total-Count", "X-Next-Cursor", "Link"]
    /// There where a limit is in force.
    static let rateLimit = ["RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]

    /// The `headers` of an answer; every answer has a request id.
    static func references(_ names: some Sequence<String>) -> JSONValue {
        let all = Set(names).union(["X-Request-ID"]).sorted()
        return .object(
            JSONObject(
                all.map { name in
                    components[name] == nil
                        ? (name, ["schema": ["type": "string"]]) : (name, ["$ref": .string("#/components/headers/\(name)")])
                }))
    }
}
