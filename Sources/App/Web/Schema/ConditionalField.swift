// A member that must be there unless another one is. Pure; a value, made once as a static.

/// A field whose absence is a fault where `alternative` is absent too. For JSON bodies, whose fields know the whole.
struct ConditionalField<Value: Sendable>: FieldDeclaration {
    private let field: Field<Value?>
    private let alternative: String

    /// - Parameters:
    ///   - field: with which the value is read.
    ///   - alternative: the name of the other member.
    init(_ field: Field<Value?>, unless alternative: String) {
        self.field = field
        self.alternative = alternative
    }

    var name: String { field.name }
    var schema: SchemaNode { field.schema }
    // A schema's `required` knows no conditions.
    var isRequired: Bool { false }
    var isSecret: Bool { field.isSecret }

    func value(of input: JSONValue?, in whole: JSONValue?, _ validation: inout Validation) -> (any Sendable)? {
        if input == nil, whole?[alternative] == nil {
            validation.report(.missing, input: whole)
            return nil
        }
        return field.value(of: input, in: whole, &validation)
    }
}
