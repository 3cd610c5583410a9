// The Idempotency-Key header field: who takes it, what may stand in it, and which answers are final. Pure.

import Reactor

enum IdempotencyHeader {
    static let name = "Idempotency-Key"
    /// In a replayed answer, which has it beside everything that the first one had.
    static let replayed = "Idempotent-Replayed"
    static let maxLength = 255
    static let pattern = "^[!-~]+$"

    /// Unsafe methods, but for routes whose answers nobody may keep.
    static func isTaken(by declaration: RouteDeclaration) -> Bool {
        switch declaration.method {
        case .post, .put, .patch, .delete: !declaration.isSensitive
        default: false
        }
    }

    /// The key.
    /// - Parameter fields: every field of that name, at least one.
    /// - Throws: `APIError` 422 for anything but 1 to 255 visible ASCII characters, and for more than one key.
    static func key(in fields: [Text]) throws(APIError) -> String {
        let key: Text = fields.first ?? ""
        let input = JSONValue.string(key)
        var validation = Validation(at: ["header", .name(name)])
        if fields.count > 1 {
            validation.report(.valueError("there is more than one"), input: .array(fields.map { JSONValue.string($0) }))
        } else if key.isEmpty {
            validation.report(.stringTooShort(minimum: 1), input: input)
        } else if key.byteCount > maxLength {
            validation.report(.stringTooLong(maximum: maxLength), input: input)
        } else if !key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            validation.report(.stringPatternMismatch(pattern: pattern), input: input)
        }
        try validation.finish()
        return key.asciiString ?? ""
    }

    /// Whether a second attempt would get the same: done, or refused for what it is. A token that was not accepted, a limit, a
    /// body that did not come and every failure of ours may be over the next time.
    static func isFinal(_ status: HTTPStatus) -> Bool {
        switch status.code {
        case 401, 408, 425, 429: false
        case 200..<300, 400..<500: true
        default: false
        }
    }

    /// Whether a request that failed with `error` may have taken effect all the same: its commit was on its way, or nobody waited for
    /// it any more.
    static func isUncertain(_ error: any Error) -> Bool {
        switch error {
        // A statement that took too long may be carried out all the same: by a database that was stopped for a moment, say.
        case DatabaseError.connectionLost(commitUnknown: true), DatabaseError.timeout, DatabaseError.cancelled, is CancellationError:
            true
        default: false
        }
    }

    /// In the document.
    static let parameter: JSONValue = [
        "name": .string(name), "in": "header", "required": false,
        "description": """
        Any text of one's own for this one request. Sent again within a day it gets the first answer, marked \
        `Idempotent-Replayed: true`, or with `ANSWER_NOT_KEPT` for a body where that was very large; with another request it is \
        422 `IDEMPOTENCY_KEY_REUSED`. While the first one is being answered, and for a while if nobody knows how it ended, it is \
        409 `IDEMPOTENCY_CONFLICT`.
        """,
        "schema": ["type": "string", "minLength": 1, "maxLength": .number(JSONNumber(maxLength)), "pattern": .string(pattern)],
    ]
}
