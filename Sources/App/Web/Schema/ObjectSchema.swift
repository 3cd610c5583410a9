// The fields of an input, together: validates an object, lists every fault, and is the object's OpenAPI schema.
// A value, made once as a static; any thread.

import Reactor

/// A named set of fields.
struct ObjectSchema: Sendable {
    /// What becomes of members that no field declares.
    enum UnknownMembers: Sendable {
        /// A fault each. The rule for bodies: mass assignment (`role`, `owner_id`) must fail loudly.
        case refused
        /// The rule for query strings and for OAuth2 forms, whose clients send what they like.
        case ignored
    }

    /// The name in OpenAPI's components.
    let name: String
    let fields: [any FieldDeclaration]
    /// Of the fields, in order.
    let fieldNames: [String]
    let unknownMembers: UnknownMembers
    let description: String?

    init(
        _ name: String, description: String? = nil, unknownMembers: UnknownMembers = .refused, _ fields: any FieldDeclaration...
    ) {
        precondition(Set(fields.map(\.name)).count == fields.count, "\(name) declares a field twice")
        self.name = name
        self.fields = fields
        fieldNames = fields.map(\.name)
        self.unknownMembers = unknownMembers
        self.description = description
    }

    /// The values of all fields; nil after reporting faults.
    /// - Parameters:
    ///   - object: the members that are there.
    ///   - echoesObject: whether a `missing` fault shows the object, as it does for JSON bodies, or null, as for query and form.
    func values(of object: JSONObject, echoesObject: Bool, _ validation: inout Validation) -> ObjectValues? {
        let faultsBefore = validation.faults.count
        let whole = echoesObject ? JSONValue.object(redacted(object)) : nil
        var values: [any Sendable] = []
        values.reserveCapacity(fields.count)
        for field in fields {
            let input = object[field.name]
            let value = validation.at(.name(field.name)) { validation in
                field.isSecret
                    ? ObjectSchema.redacting(input, field, whole, &validation)
                    : field.value(of: input, in: whole, &validation)
            }
            if let value { values.append(value) }
        }
        if unknownMembers == .refused {
            for member in object.members where !fields.contains(where: { field in member.name == field.name }) {
                validation.at(.name(member.name)) { $0.report(.extraForbidden, input: member.value) }
            }
        }
        guard validation.faults.count == faultsBefore, values.count == fields.count else { return nil }
        return ObjectValues(schema: self, values: values)
    }

    /// The values where nothing was sent; nil where something must be.
    var valuesOfNothing: ObjectValues? {
        var validation = Validation(at: [])
        return values(of: JSONObject(), echoesObject: false, &validation)
    }

    /// The schema as a component of OpenAPI.
    var node: SchemaNode {
        var properties = JSONObject()
        var components: [SchemaNode.Component] = []
        for field in fields {
            properties[field.name] = .object(field.schema.json)
            components += field.schema.components
        }
        var json: JSONObject = ["title": .string(name), "type": "object"]
        if let description { json["description"] = .string(description) }
        json["properties"] = .object(properties)
        let required = fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { json["required"] = .array(required) }
        if unknownMembers == .refused { json["additionalProperties"] = false }
        return .component(name, json, needing: components)
    }

    // MARK: - Secrets

    static let mask: JSONValue = "**********"

    /// The object as a fault may show it.
    private func redacted(_ object: JSONObject) -> JSONObject {
        guard fields.contains(where: \.isSecret) else { return object }
        var shown = object
        for field in fields where field.isSecret && shown[field.name] != nil {
            shown[field.name] = ObjectSchema.mask
        }
        return shown
    }

    /// Validates a secret beside the others and keeps its input out of the faults: answers end up in logs of proxies and clients.
    private static func redacting(
        _ input: JSONValue?, _ field: any FieldDeclaration, _ whole: JSONValue?, _ validation: inout Validation
    ) -> (any Sendable)? {
        var separate = Validation(at: validation.location)
        let value = field.value(of: input, in: whole, &separate)
        for fault in separate.faults {
            validation.report(fault.kind, input: fault.kind == .missing ? fault.input : mask)
        }
        return value
    }
}

/// The values of a validated object, read with the fields that declared them: `values[Self.title]`.
struct ObjectValues: Sendable {
    private let schema: ObjectSchema
    private let values: [any Sendable]

    fileprivate init(schema: ObjectSchema, values: [any Sendable]) {
        self.schema = schema
        self.values = values
    }

    subscript<Value>(_ field: Field<Value>) -> Value {
        guard let index = schema.fields.firstIndex(where: { $0.name == field.name }),
            let found = values[index] as? FieldValue<Value>
        else {
            // Reached by the first request of whoever forgot the field, in the first test: no input can cause it.
            preconditionFailure("\(schema.name) does not declare \(field.name) as \(Value.self)")
        }
        return found.value
    }
}
