// The properties of an answer: names, schemas and where each value comes from. The one source of an answer's JSON and of its
// OpenAPI schema. A value, made once as a static; any thread.

/// An object in an answer.
///
///     struct TaskResponse: ResponseObject {
///         let task: Task
///         static let schema = ResponseSchema<TaskResponse>(
///             "TaskResponse",
///             .property("id") { $0.task.id },
///             .property("due_date", description: "RFC 3339, UTC") { $0.task.dueDate })
///     }
protocol ResponseObject: JSONRepresentable {
    static var schema: ResponseSchema<Self> { get }
}

extension ResponseObject {
    static var schemaNode: SchemaNode { schema.node }
    func write(to writer: inout JSONWriter) { Self.schema.write(self, to: &writer) }
}

/// One property of `Model` in JSON.
struct ResponseProperty<Model: Sendable>: Sendable {
    let name: String
    let schema: SchemaNode
    let write: @Sendable (Model, inout JSONWriter) -> Void

    /// - Parameters:
    ///   - format: a JSON Schema format where the type alone does not tell: `uuid`, `email`.
    ///   - value: reads the property off the model; its type decides schema and JSON form.
    static func property<Value: JSONRepresentable>(
        _ name: String, description: String? = nil, format: String? = nil, example: JSONValue? = nil,
        _ value: @escaping @Sendable (Model) -> Value
    ) -> ResponseProperty {
        var annotations = JSONObject().describing(description, exampleValue: example)
        if let format { annotations["format"] = .string(format) }
        return ResponseProperty(name: name, schema: Value.schemaNode.annotated(annotations)) { model, writer in
            value(model).write(to: &writer)
        }
    }
}

/// The properties of `Model`, in order.
struct ResponseSchema<Model: Sendable>: Sendable {
    /// The name in OpenAPI's components.
    let name: String
    private let properties: [ResponseProperty<Model>]
    /// `{"id":`, `,"title":` ...: punctuation and escaped names, made once and copied per answer.
    private let prefixes: [[UInt8]]
    private let description: String?

    init(_ name: String, description: String? = nil, _ properties: ResponseProperty<Model>...) {
        precondition(Set(properties.map(\.name)).count == properties.count, "\(name) declares a property twice")
        self.name = name
        self.description = description
        self.properties = properties
        prefixes = properties.enumerated().map { index, property in
            var writer = JSONWriter(reserving: property.name.utf8.count + 4)
            writer.string(property.name)
            return [UInt8(ascii: index == 0 ? "{" : ",")] + writer.bytes + [UInt8(ascii: ":")]
        }
    }

    func write(_ model: Model, to writer: inout JSONWriter) {
        if properties.isEmpty { writer.beginObject() }
        for index in properties.indices {
            writer.verbatim(prefixes[index])
            properties[index].write(model, &writer)
        }
        writer.endObject()
    }

    var node: SchemaNode {
        var members = JSONObject()
        var components: [SchemaNode.Component] = []
        for property in properties {
            members[property.name] = .object(property.schema.json)
            components += property.schema.components
        }
        var json: JSONObject = ["title": .string(name), "type": "object"]
        if let description { json["description"] = .string(description) }
        json["properties"] = .object(members)
        json["required"] = .array(properties.map { .string($0.name) })
        return .component(name, json, needing: components)
    }
}
