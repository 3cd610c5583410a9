// An answer with more to say than its body: another status, header fields, or bytes that were encoded before.

import Reactor

/// The JSON of a `Body`, with the header fields that go with it.
struct Reply<Body: JSONRepresentable>: RouteOutput {
    /// Encoded JSON.
    let json: [UInt8]
    var headers: [HeaderField]
    /// Nil means the status that the route declares.
    var status: HTTPStatus?

    init(_ body: Body, status: HTTPStatus? = nil, headers: [HeaderField] = []) {
        self.init(encoded: body.json, status: status, headers: headers)
    }

    /// - Parameter encoded: the JSON of a `Body`, as a cache kept it.
    init(encoded: [UInt8], status: HTTPStatus? = nil, headers: [HeaderField] = []) {
        json = encoded
        self.headers = headers
        self.status = status
    }

    static var content: RouteContent { Body.content }

    func response(status declared: HTTPStatus) -> HTTPResponse {
        var response = HTTPResponse.json(json, status: status ?? declared)
        for field in headers { response.headers.set(field.name, field.value) }
        return response
    }
}
