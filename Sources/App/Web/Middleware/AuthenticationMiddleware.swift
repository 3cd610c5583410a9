// Bearer token -> Principal, for the routes that ask for one.

import Actors
import Reactor

/// Knows whose token it is.
protocol Authenticator: Sendable {
    /// - Throws: `APIError.invalidToken` for a token that is not (or no longer) good; errors of the stores behind it.
    func authenticate(_ token: String, _ context: RequestContext) async throws -> Principal
}

/// Checks the right that a route declares.
struct AuthenticationMiddleware: Middleware {
    private let authenticator: any Authenticator

    init(_ authenticator: any Authenticator) {
        self.authenticator = authenticator
    }

    func respond(to context: RequestContext, next: Next) async throws -> HTTPResponse {
        let access = context.route?.access ?? .anyone
        guard access != .anyone else { return try await next(context) }
        if let token = BearerToken.token(in: context.request.header("authorization")) {
            context.principal = try await authenticator.authenticate(token, context)
        } else if access != .optionalUser {
            throw APIError.notAuthenticated
        }
        if access == .admin, context.principal?.isAdmin != true { throw APIError.adminRequired }
        return try await next(context)
    }
}

/// The Authorization header field (RFC 6750 section 2.1). Pure.
enum BearerToken {
    private static let scheme = Array("bearer".utf8)

    /// The token of `Bearer <token>`; nil for another scheme, and where something follows the token.
    static func token(in field: Text?) -> String? {
        guard let field else { return nil }
        let bytes = field.utf8.span
        guard isBearer(bytes) else { return nil }
        var start = scheme.count
        while start < bytes.count, bytes[start] == UInt8(ascii: " ") { start += 1 }
        guard start > scheme.count, start < bytes.count, bytes.isVisibleASCII(in: start..<bytes.count) else { return nil }
        return Text(decoding: field.utf8.dropFirst(start)).asciiString
    }

    /// Whether the field begins with the scheme, whose name has no case (RFC 9110 11.1).
    private static func isBearer(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > scheme.count else { return false }
        for index in scheme.indices where bytes[index] | 0x20 != scheme[index] { return false }
        return true
    }
}
