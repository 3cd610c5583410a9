// What tests of features ask an answer for.

import TestSupport

@testable import App

extension HTTPTestResponse {
    /// The stable code of an error.
    var code: String? { json["code"]?.string }

    /// The faults of a 422, as `type at loc`: `missing at body.title`.
    var faults: Set<String> {
        Set(
            (json["detail"]?.array ?? []).map { fault in
                let location = (fault["loc"]?.array ?? []).map { part in
                    if case .number(let number) = part { number.text } else { part.string ?? "?" }
                }
                return "\(fault["type"]?.string ?? "?") at \(location.joined(separator: "."))"
            })
    }

    /// The body without what differs from request to request.
    var bodyWithoutRequestID: JSONObject? {
        guard case .object(var object) = json else { return nil }
        object["request_id"] = nil
        return object
    }
}

extension JSONValue {
    /// The number, where this is a whole one.
    var integer: Int? {
        guard case .number(let number) = self, case .value(let value) = number.whole else { return nil }
        return value
    }
}
