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
    /// The token of `Bearer <token>`; nil for another scheme, and where something follows the token.
    static func token(in field: String?) -> String? {
        guard let field, let space = field.utf8.firstIndex(of: UInt8(ascii: " ")), field[..<space].lowercased() == "bearer" else {
            return nil
        }
        let token = field[space...].drop { $0 == " " }
        guard !token.isEmpty, !token.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) else { return nil }
        return String(token)
    }
}
