// Answers with a body of a known kind.

import Reactor

extension HTTPResponse {
    /// What middleware adds to an answer is known roughly: its fields grow into their room only once.
    private static let usualFields = 20

    static func bytes(_ bytes: [UInt8], contentType: String, status: HTTPStatus = .ok) -> HTTPResponse {
        var headers = HTTPHeaders()
        headers.reserveCapacity(usualFields)
        headers.append("Content-Type", contentType)
        return HTTPResponse(status: status, headers: headers, body: .bytes(bytes))
    }

    /// - Parameter json: encoded JSON; its media type has no charset, because JSON is UTF-8 (RFC 8259 8.1).
    static func json(_ json: [UInt8], status: HTTPStatus = .ok) -> HTTPResponse {
        bytes(json, contentType: "application/json", status: status)
    }

    static func html(_ text: String, status: HTTPStatus = .ok) -> HTTPResponse {
        bytes(Array(text.utf8), contentType: "text/html; charset=utf-8", status: status)
    }

    static func text(_ text: String, status: HTTPStatus = .ok) -> HTTPResponse {
        bytes(Array(text.utf8), contentType: "text/plain; charset=utf-8", status: status)
    }
}
