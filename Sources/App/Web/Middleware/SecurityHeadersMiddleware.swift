// The header fields that tell browsers to be careful. A handler that set one of them knew why: it stays.

import Reactor

/// Adds security header fields to every answer.
struct SecurityHeadersMiddleware: Middleware {
    /// Whether this server speaks TLS itself; HSTS over plain HTTP is ignored, and misleading.
    private let isTLS: Bool

    init(isTLS: Bool) {
        self.isTLS = isTLS
    }

    func respond(to context: RequestContext, next: Next) async throws -> HTTPResponse {
        var response = try await next(context)
        addHeaders(to: &response)
        if let declaration = context.route?.declaration {
            SecurityHeadersMiddleware.restrictCaching(of: &response, isSensitive: declaration.isSensitive, access: declaration.access)
        }
        return response
    }

    /// A shared cache must not keep a response that depends on the user (RFC 9111 3.5 lets it keep responses to requests with a token
    /// where a header says so, and many caches keep what has no such header). A client's own cache revalidates each time, and gets 304
    /// where nothing changed.
    private static func restrictCaching(of response: inout HTTPResponse, isSensitive: Bool, access: Access) {
        if isSensitive { return response.headers.set("Cache-Control", "no-store") }
        guard access != .anyone else { return }
        response.headers.setIfAbsent("Cache-Control", "private, no-cache")
        // The common case without making a string.
        if response.headers["Vary"] == "Origin" {
            response.headers.set("Vary", "Origin, Authorization")
        } else {
            response.headers.addToList("Vary", "Authorization")
        }
    }

    func amend(_ response: inout HTTPResponse, of refusal: HTTPRefusal) {
        addHeaders(to: &response)
        // Sent in clear (RFC 6797 7.2).
        if refusal.code == HTTPRefusal.tlsRequired { response.headers.remove("Strict-Transport-Security") }
        response.headers.set("Cache-Control", "no-store")
    }

    private func addHeaders(to response: inout HTTPResponse) {
        response.headers.setIfAbsent("X-Content-Type-Options", "nosniff")
        response.headers.setIfAbsent("X-Frame-Options", "DENY")
        response.headers.setIfAbsent("Referrer-Policy", "no-referrer")
        // An API's response loads nothing; pages bring a policy of their own.
        response.headers.setIfAbsent("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        if isTLS { response.headers.setIfAbsent("Strict-Transport-Security", "max-age=31536000; includeSubDomains") }
    }
}

extension HTTPHeaders {
    mutating func setIfAbsent(_ name: String, _ value: String) {
        if self[name] == nil { append(name, value) }
    }

    /// Adds `value` to a comma-separated field, unless it is there.
    mutating func addToList(_ name: String, _ value: String) {
        guard let known = self[name] else { return append(name, value) }
        if !Text(known).lists(value.lowercased()) { set(name, known + ", " + value) }
    }
}
