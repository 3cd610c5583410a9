// What a handler takes in: a type whose `schema` says what is accepted and whose initializer picks the values up.

/// An input that is declared by fields.
protocol RequestInput: Sendable {
    static var schema: ObjectSchema { get }
    /// - Parameter values: one for every field of `schema`, all valid.
    init(_ values: ObjectValues)
}

/// The body of a request. A handler that takes one documents it, and only runs when it is valid.
protocol RequestBody: RequestInput {
    /// How the body may be encoded; another Content-Type is 415.
    static var encodings: [BodyEncoding] { get }
}

extension RequestBody {
    static var encodings: [BodyEncoding] { [.json] }
}

/// Encodings of request bodies.
enum BodyEncoding: String, Sendable {
    case json = "application/json"
    case form = "application/x-www-form-urlencoded"
}

/// The query string of a request; each field is a query parameter. Unknown parameters are ignored, as FastAPI ignores them.
protocol RequestQuery: RequestInput {}
