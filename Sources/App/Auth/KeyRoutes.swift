// Where others find the keys to verify our tokens with.

import Reactor

/// /.well-known, which is the root's alone (RFC 8615).
enum KeyRoutes {
    static var group: RouteGroup {
        RouteGroup(tag: "Auth") { routes in
            routes.get(
                "/.well-known/jwks.json", summary: "Get the public keys of access tokens",
                description: "Current and previous keys (RFC 7517) where tokens are signed with key pairs, else none.", handler: keys)
        }
    }

    @Sendable private static func keys(_ context: RequestContext) async throws -> Reply<JWKSetResponse> {
        // Whoever meets a key id that is not in here asks again (OpenID Connect Core 10.1.1); five minutes bound the rest.
        Reply(
            JWKSetResponse(keys: context.services.tokens.keys.publicKeys),
            headers: [HeaderField(name: "Cache-Control", value: "public, max-age=300")])
    }
}
