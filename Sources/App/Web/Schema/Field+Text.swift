// Fields that are text: strings, e-mail addresses, enumerations, UUIDs. Messages and rules as Pydantic v2 has them.

import Reactor

extension Field where Value == Text {
    /// A text.
    /// - Parameters:
    ///   - length: how many characters, counted as Unicode code points: what Python's `len` and PostgreSQL's varchar count.
    ///   - pattern: which characters.
    static func string(
        _ name: String, length: any Bounds = 0..., pattern: CharacterPattern? = nil, description: String? = nil,
        example: String? = nil
    ) -> Field {
        let minimum = length.minimum == 0 ? nil : length.minimum
        let maximum = length.maximum
        var json: JSONObject = ["type": "string"]
        if let minimum { json["minLength"] = .number(JSONNumber(minimum)) }
        if let maximum { json["maxLength"] = .number(JSONNumber(maximum)) }
        if let pattern { json["pattern"] = .string(pattern.source) }
        return Field(name, schema: SchemaNode(json.describing(description, example: example))) { input, validation in
            guard case .string(let text) = input else {
                validation.report(.stringType, input: input)
                return nil
            }
            // Before anything else looks at it. In bytes first, which costs nothing: a code point has one to four of them.
            if let maximum, text.byteCount > maximum, text.byteCount > 4 * maximum || text.unicodeScalars.count > maximum {
                validation.report(.stringTooLong(maximum: maximum), input: input)
                return nil
            }
            if let minimum, text.byteCount < 4 * minimum, text.unicodeScalars.count < minimum {
                validation.report(.stringTooShort(minimum: minimum), input: input)
                return nil
            }
            guard TextInput.isStorable(text, input, &validation) else { return nil }
            if let pattern, !pattern.matches(text) {
                validation.report(.stringPatternMismatch(pattern: pattern.source), input: input)
                return nil
            }
            return text
        }
    }

    /// An e-mail address, its domain in lower case.
    static func email(_ name: String, description: String? = nil, example: String? = nil) -> Field {
        let json: JSONObject = ["type": "string", "format": "email", "maxLength": 254]
        return Field(name, schema: SchemaNode(json.describing(description, example: example))) { input, validation in
            guard case .string(let text) = input else {
                validation.report(.stringType, input: input)
                return nil
            }
            switch EmailAddress.parse(text) {
            case .success(let address):
                return address
            case .failure(let fault):
                validation.report(.email(fault.reason), input: input)
                return nil
            }
        }
    }

    /// One of a few fixed words.
    static func literal(_ name: String, _ allowed: String..., description: String? = nil) -> Field {
        let schema: JSONObject =
            allowed.count == 1
            ? ["type": "string", "const": .string(allowed[0])]
            : ["type": "string", "enum": .array(allowed.map { JSONValue.string($0) })]
        return Field(name, schema: SchemaNode(schema.describing(description, example: nil))) { input, validation in
            guard case .string(let text) = input, let word = allowed.first(where: { text == $0 }) else {
                validation.report(.literal(allowed), input: input)
                return nil
            }
            return Text(word)
        }
    }
}

extension Field where Value == String {
    /// A UUID, in its canonical spelling: lower case, hyphens.
    static func uuid(_ name: String, description: String? = nil) -> Field {
        let json: JSONObject = ["type": "string", "format": "uuid"]
        return Field(name, schema: SchemaNode(json.describing(description, example: nil))) { input, validation in
            guard case .string(let text) = input else {
                validation.report(.uuidType, input: input)
                return nil
            }
            switch UUIDText.parse(text) {
            case .success(let canonical):
                return canonical
            case .failure(let fault):
                validation.report(.uuidParsing(fault.reason), input: input)
                return nil
            }
        }
    }
}

extension Field where Value: RawRepresentable & CaseIterable & JSONRepresentable, Value.RawValue == String {
    /// A case of a Swift enumeration by its raw value; the enumeration is a component of its own in OpenAPI.
    static func enumeration(_ name: String, description: String? = nil) -> Field {
        // Made once: `allCases` is made anew each time.
        let cases = Array(Value.allCases)
        let allowed = cases.map(\.rawValue)
        let schema = Value.schemaNode.annotated(JSONObject().describing(description, example: nil))
        return Field(name, schema: schema) { input, validation in
            guard case .string(let text) = input, let value = cases.first(where: { text == $0.rawValue }) else {
                validation.report(.enumeration(allowed), input: input)
                return nil
            }
            return value
        }
    }
}

/// What texts that are stored must be.
enum TextInput {
    /// False after reporting a NUL: PostgreSQL's text cannot hold one, and accepted here it would be an error of the database later.
    static func isStorable(_ text: Text, _ input: JSONValue, _ validation: inout Validation) -> Bool {
        guard text.contains(0) else { return true }
        validation.report(.valueError("NUL characters are not allowed"), input: input)
        return false
    }
}

extension JSONObject {
    /// With a description and an example, where there are.
    func describing(_ description: String?, example: String?) -> JSONObject {
        describing(description, exampleValue: example.map { JSONValue.string($0) })
    }

    func describing(_ description: String?, exampleValue: JSONValue?) -> JSONObject {
        var json = self
        if let description { json["description"] = .string(description) }
        if let exampleValue { json["examples"] = [exampleValue] }
        return json
    }
}
