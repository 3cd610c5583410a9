// Types that know their JSON and their JSON Schema: what answers are made of. Writing goes straight into the writer.

import Reactor

/// A value with a JSON form and a schema that describes it; any of them can be a handler's answer.
protocol JSONRepresentable: RouteOutput {
    static var schemaNode: SchemaNode { get }
    func write(to writer: inout JSONWriter)
}

extension JSONRepresentable {
    /// The value as a document of its own.
    var json: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// The value as a tree: for schemas' defaults and examples, not for answers.
    var jsonValue: JSONValue {
        (try? JSONParser.parse(json)) ?? .null
    }
}

extension Int: JSONRepresentable {
    static var schemaNode: SchemaNode { SchemaNode(["type": "integer"]) }
    func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension Int64: JSONRepresentable {
    static var schemaNode: SchemaNode { SchemaNode(["type": "integer"]) }
    func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension Double: JSONRepresentable {
    static var schemaNode: SchemaNode { SchemaNode(["type": "number"]) }
    func write(to writer: inout JSONWriter) { writer.double(self) }
}

/// Exact decimals: prices.
extension JSONNumber: JSONRepresentable {
    static var schemaNode: SchemaNode { SchemaNode(["type": "number"]) }
    func write(to writer: inout JSONWriter) { writer.number(self) }
}

extension Bool: JSONRepresentable {
    static var schemaNode: SchemaNode { SchemaNode(["type": "boolean"]) }
    func write(to writer: inout JSONWriter) { writer.bool(self) }
}

extension String: JSONRepresentable {
    static var schemaNode: SchemaNode { SchemaNode(["type": "string"]) }
    func write(to writer: inout JSONWriter) { writer.string(self) }
}

extension Text: JSONRepresentable {
    static var schemaNode: SchemaNode { SchemaNode(["type": "string"]) }
    func write(to writer: inout JSONWriter) { writer.string(self) }
}

extension Timestamp: JSONRepresentable {
    static var schemaNode: SchemaNode { SchemaNode(["type": "string", "format": "date-time"]) }
    func write(to writer: inout JSONWriter) { writer.timestamp(self) }
}

extension JSONValue: JSONRepresentable {
    static var schemaNode: SchemaNode { SchemaNode([:]) }
    func write(to writer: inout JSONWriter) { writer.value(self) }
}

extension Optional: RouteOutput, JSONRepresentable where Wrapped: JSONRepresentable {
    static var schemaNode: SchemaNode { Wrapped.schemaNode.nullable }

    func write(to writer: inout JSONWriter) {
        if let self { self.write(to: &writer) } else { writer.null() }
    }
}

extension Array: RouteOutput, JSONRepresentable where Element: JSONRepresentable {
    static var schemaNode: SchemaNode { .array(of: Element.schemaNode) }

    func write(to writer: inout JSONWriter) {
        writer.beginArray()
        for element in self {
            writer.separate()
            element.write(to: &writer)
        }
        writer.endArray()
    }
}

/// An enumeration of strings is a component named after it: `enum TaskStatus: String, CaseIterable, JSONRepresentable`.
extension JSONRepresentable where Self: RawRepresentable & CaseIterable, RawValue == String {
    static var schemaNode: SchemaNode {
        let name = String(describing: Self.self)
        let cases = allCases.map { JSONValue.string($0.rawValue) }
        return .component(name, ["title": .string(name), "type": "string", "enum": .array(cases)])
    }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}
