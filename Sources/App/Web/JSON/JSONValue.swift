// A JSON document as a value. Nothing is lost on the way in: numbers keep their source text, objects keep their order.

import Reactor

/// Any JSON value (RFC 8259).
enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(Text)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    /// The member `name`, where this is an object that has one.
    subscript(name: String) -> JSONValue? {
        guard case .object(let object) = self else { return nil }
        return object[name]
    }

    /// The same for a string of the program's own.
    static func string(_ string: String) -> JSONValue { .string(Text(string)) }

    /// The text, where this is a string.
    var text: Text? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The elements, where this is an array.
    var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// About how many bytes this value has as compact JSON: escapes are not counted. Nil where that is more than `maxBytes`, as soon as
    /// it is: O(`maxBytes`), whatever the size of the value.
    func serializedSize(within maxBytes: Int) -> Int? {
        var room = maxBytes
        take(from: &room)
        return room >= 0 ? maxBytes - room : nil
    }

    private func take(from room: inout Int) {
        guard room >= 0 else { return }
        switch self {
        case .null: room -= 4
        case .bool(let flag): room -= flag ? 4 : 5
        case .number(let number): room -= number.text.utf8.count
        case .string(let text): room -= text.byteCount + 2
        case .array(let elements):
            room -= 2
            for element in elements {
                guard room >= 0 else { return }
                element.take(from: &room)
                room -= 1
            }
        case .object(let object):
            room -= 2
            for member in object.members {
                guard room >= 0 else { return }
                room -= member.name.byteCount + 4
                member.value.take(from: &room)
            }
        }
    }

    /// This value as compact UTF-8 JSON.
    var serialized: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }
}

// Literals, so that schemas and error contexts are written as the JSON they become. A dictionary literal keeps its order.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .string(Text(value)) }
    init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(nilLiteral: ()) { self = .null }
    init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements))
    }
}
