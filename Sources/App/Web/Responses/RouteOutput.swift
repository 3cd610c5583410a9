// What handlers may return. The return type is the documentation: OpenAPI reads the answer's schema off it.

import Reactor

/// A value that a handler answers with.
protocol RouteOutput: Sendable {
    /// What OpenAPI says about it.
    static var content: RouteContent { get }
    /// The answer.
    /// - Parameter status: the route's declared status; an output may insist on another.
    func response(status: HTTPStatus) -> HTTPResponse
}

/// The documented content of an answer.
struct RouteContent: Sendable {
    /// Nil where there is no body, or where the route says itself what it produces.
    var mediaType: String?
    var schema: SchemaNode?
}

/// Whatever has a JSON form can be returned as it is.
extension JSONRepresentable {
    static var content: RouteContent {
        RouteContent(mediaType: "application/json", schema: schemaNode)
    }

    func response(status: HTTPStatus) -> HTTPResponse {
        .json(json, status: status)
    }
}

/// An answer without a body: 204 unless the route says otherwise.
struct NoContent: RouteOutput {
    static var content: RouteContent { RouteContent() }

    func response(status: HTTPStatus) -> HTTPResponse {
        HTTPResponse(status: status, headers: HTTPHeaders(), body: .empty)
    }
}

/// A hand-made answer: pages, streams, metrics. Its route says what it `produces`.
extension HTTPResponse: RouteOutput {
    static var content: RouteContent { RouteContent() }

    func response(status: HTTPStatus) -> HTTPResponse { self }
}
