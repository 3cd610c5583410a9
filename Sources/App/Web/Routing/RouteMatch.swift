// The router's answer.

/// Where a method and a path lead.
enum RouteMatch: Sendable {
    case route(Route, PathCaptures)
    /// OPTIONS on a known path: the methods it has.
    case options(allow: String)
    /// Another method on a known path.
    case methodNotAllowed(allow: String)
    case notFound
}
