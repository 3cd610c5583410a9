// Entity tags for GET answers, and 304 where the client has the answer already (RFC 9110 section 13).

import Reactor

/// Tags answers by their bytes. The handler still does its work; what is saved is the way to the client.
struct ETagMiddleware: Middleware {
    func respond(to context: RequestContext, next: Next) async throws -> HTTPResponse {
        var response = try await next(context)
        guard context.request.method == .get || context.request.method == .head, response.status == .ok else { return response }
        guard let tag = ETagMiddleware.tag(&response) else { return response }
        guard let condition = context.request.header("if-none-match"), EntityTag.matches(tag, condition) else { return response }
        response.status = .notModified
        response.body = .empty
        // RFC 9110 15.4.5: a 304 repeats what the cache needs to know, not what describes a body.
        response.headers.remove("Content-Type")
        return response
    }

    /// The answer's tag: its own, or one made of its bytes.
    private static func tag(_ response: inout HTTPResponse) -> String? {
        if let tag = response.headers["ETag"] { return tag }
        guard case .bytes(let bytes) = response.body, !bytes.isEmpty else { return nil }
        let tag = EntityTag.strong(bytes)
        response.headers.append("ETag", tag)
        return tag
    }
}
