// A typed member of an input: of a JSON body, a form or a query. One declaration is its validation, its decoding and its
// OpenAPI schema. A value, made once as a static; any thread.

/// One named input of type `Value`.
///
///     static let title = Field.string("title", length: 1...200, description: "What is to be done")
///     static let dueDate = Field.timestamp("due_date").optional()
///     static let skip = Field.integer("skip", 0...).defaulting(to: 0)
struct Field<Value: Sendable>: Sendable {
    /// Checks a value that is there; nil after reporting a fault. Text inputs (query, path, form) arrive as JSON strings, which
    /// is how Pydantic's lax mode sees them too.
    typealias Parse = @Sendable (JSONValue, inout Validation) -> Value?

    let name: String
    let schema: SchemaNode
    /// What an absent input is worth; nil where it must be there.
    let fallback: Value?
    /// A password or token: never echoed in a fault, `format: password` in the schema.
    let isSecret: Bool
    let parse: Parse
    /// `fallback` as it is handed on: wrapped once and not for every input that lacks the field.
    private let absent: (any Sendable)?

    init(
        _ name: String, schema: SchemaNode, fallback: Value? = nil, isSecret: Bool = false, parse: @escaping Parse
    ) {
        self.name = name
        self.schema = schema
        self.fallback = fallback
        self.isSecret = isSecret
        self.parse = parse
        absent = fallback.map(FieldValue.init)
    }
}

// MARK: - Presence

extension Field {
    /// May be left out or null; both are nil.
    func optional() -> Field<Value?> {
        Field<Value?>(name, schema: schema.nullable, fallback: .some(nil), isSecret: isSecret) { [parse] input, validation in
            if case .null = input { return .some(nil) }
            return parse(input, &validation).map(Optional.some)
        }
    }

    /// May be left out, which is nil; null is a fault. For query parameters, and for members of a partial update that have no null.
    func omittable() -> Field<Value?> {
        Field<Value?>(name, schema: schema, fallback: .some(nil), isSecret: isSecret) { [parse] input, validation in
            parse(input, &validation).map(Optional.some)
        }
    }

    /// For partial updates of something nullable: absent, null and a value are told apart.
    func patch() -> Field<Patch<Value>> {
        Field<Patch<Value>>(name, schema: schema.nullable, fallback: .absent, isSecret: isSecret) { [parse] input, validation in
            if case .null = input { return .null }
            return parse(input, &validation).map(Patch.value)
        }
    }

    /// May be left out, which means `value`.
    func defaulting(to value: Value) -> Field where Value: JSONRepresentable {
        Field(
            name, schema: schema.annotated(["default": value.jsonValue]), fallback: value, isSecret: isSecret, parse: parse)
    }

    /// A further check of a valid value: returns what is wrong with it, or nil.
    func checked(_ problem: @escaping @Sendable (Value) -> String?) -> Field {
        Field(name, schema: schema, fallback: fallback, isSecret: isSecret) { [parse] input, validation in
            guard let value = parse(input, &validation) else { return nil }
            if let problem = problem(value) {
                validation.report(.valueError(problem), input: input)
                return nil
            }
            return value
        }
    }

    /// Never echoes this field's input.
    func secret() -> Field {
        Field(
            name, schema: schema.annotated(["format": "password", "writeOnly": true]), fallback: fallback, isSecret: true,
            parse: parse)
    }
}

// MARK: - Erased

/// A field whose type is forgotten: what an ``ObjectSchema`` keeps.
protocol FieldDeclaration: Sendable {
    var name: String { get }
    var schema: SchemaNode { get }
    var isRequired: Bool { get }
    var isSecret: Bool { get }
    /// The value of `input`, or of its absence, as a ``FieldValue``; nil after reporting a fault.
    /// - Parameter whole: the object that lacks the field, which is what a `missing` fault shows.
    func value(of input: JSONValue?, in whole: JSONValue?, _ validation: inout Validation) -> (any Sendable)?
}

extension Field: FieldDeclaration {
    var isRequired: Bool { fallback == nil }

    func value(of input: JSONValue?, in whole: JSONValue?, _ validation: inout Validation) -> (any Sendable)? {
        guard let input else {
            if absent == nil { validation.report(.missing, input: whole) }
            return absent
        }
        guard let value = parse(input, &validation) else { return nil }
        return FieldValue(value: value)
    }
}

/// A value between validation and use. The wrapper keeps a nil that is a value apart from one that is none, also for `as?`.
struct FieldValue<Value: Sendable>: Sendable {
    let value: Value
}
