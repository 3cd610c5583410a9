// Bearer token -> principal: the token proves who issued it, the database says whether its session still stands. The session
// store remembers both for a while. A value of lets; used on the store's loop.

import Actors
import Reactor

/// Authenticates requests by access token.
struct TokenAuthenticator: Authenticator {
    let store: SessionStore
    let tokens: TokenIssuer
    let database: DatabasePool

    func authenticate(_ token: String, _ context: RequestContext) async throws -> Principal {
        try await principal(of: token)
    }

    /// - Throws: `APIError` ``APIError/invalidToken``; `DatabaseError` where the session cannot be looked up.
    func principal(of token: String) async throws -> Principal {
        do {
            return try await store.principal(forToken: token) { token in
                try tokens.verify(token)
            } load: { session in
                try await SessionRepository.liveSession(session, now: .now(), in: database)
            }
        } catch is TokenFault {
            throw APIError.invalidToken
        } catch is SessionError {
            throw APIError.invalidToken
        }
    }
}
