// A JSON Schema (2020-12, as OpenAPI 3.1 has it) together with the named schemas it refers to. A value, made once at boot.

/// What stands where a schema is used, and the components it needs.
struct SchemaNode: Sendable, Hashable {
    /// The schema, or a `$ref` to a component.
    let json: JSONObject
    /// Every component that `json` refers to, directly or through another.
    let components: [Component]

    struct Component: Sendable, Hashable {
        let name: String
        let json: JSONObject
    }

    init(_ json: JSONObject, components: [Component] = []) {
        self.json = json
        self.components = components
    }

    /// A reference to a component of that name.
    static func component(_ name: String, _ json: JSONObject, needing others: [Component] = []) -> SchemaNode {
        SchemaNode(
            ["$ref": .string("#/components/schemas/\(name)")], components: [Component(name: name, json: json)] + others)
    }

    static func array(of element: SchemaNode) -> SchemaNode {
        SchemaNode(["type": "array", "items": .object(element.json)], components: element.components)
    }

    /// This or null, spelled as Pydantic v2 does: what is said about the whole stands outside of the alternatives.
    var nullable: SchemaNode {
        var inner = json
        var annotations = JSONObject()
        for name in ["description", "examples", "default"] {
            annotations[name] = inner[name]
            inner[name] = nil
        }
        return SchemaNode(["anyOf": [.object(inner), ["type": "null"]]], components: components).annotated(annotations)
    }

    /// With annotations beside it; 2020-12 allows siblings of `$ref`.
    func annotated(_ annotations: JSONObject) -> SchemaNode {
        annotations.isEmpty ? self : SchemaNode(json.merging(annotations), components: components)
    }
}
