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

/// The body of a request that its handler takes as it arrives, because it may be too much to hold. Its schema is for the
/// documentation: the type itself says what was wrong with what it read.
protocol StreamedBody {
    static var schema: ObjectSchema { get }
    static var encoding: BodyEncoding { get }
    /// Looks at the request's head; the body is still to come.
    init(_ context: RequestContext) throws(APIError)
}

/// Encodings of request bodies.
enum BodyEncoding: String, Sendable, CaseIterable {
    case json = "application/json"
    case form = "application/x-www-form-urlencoded"
    /// Read as a stream only.
    case multipart = "multipart/form-data"
}

/// The query string of a request; each field is a query parameter. Unknown parameters are ignored, as FastAPI ignores them.
protocol RequestQuery: RequestInput {}
