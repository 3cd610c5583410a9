// Who may call a route. Declared with the route, checked by AuthenticationMiddleware, documented by OpenAPI.

/// The right that a route asks for.
enum Access: Sendable, Hashable {
    /// Everybody; a token is not looked at.
    case anyone
    /// Everybody; a token that is sent must be valid, and tells who is asking.
    case optionalUser
    /// Whoever has a valid token.
    case user
    /// An administrator; others get 403.
    case admin
}
