// A file in a form: described like any other field, and never a value: its bytes are taken as they arrive.

/// What a file field would be read as. There is none: a ``StreamedBody`` reads it.
enum StreamedFile: Sendable {}

extension Field where Value == StreamedFile {
    /// A file of a multipart form. Documented both ways: `format` for OpenAPI 3.0's tools, `contentMediaType` for 3.1's.
    static func file(_ name: String, description: String? = nil) -> Field {
        let json: JSONObject = ["type": "string", "format": "binary", "contentMediaType": "application/octet-stream"]
        return Field(name, schema: SchemaNode(json.describing(description, example: nil))) { _, validation in
            validation.report(.valueError("expected a file"), input: nil)
            return nil
        }
    }
}
