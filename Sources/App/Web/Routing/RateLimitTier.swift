// How often a route may be called. Routes name a tier; configuration says what the tier allows.

/// The name of a limit: `RATE_LIMIT_STRICT` and its kin configure it.
struct RateLimitTier: Sendable, Hashable {
    let name: String

    /// Writes: 10 a minute by default.
    static let strict = RateLimitTier(name: "strict")
    /// Reads: 60 a minute by default.
    static let moderate = RateLimitTier(name: "moderate")
    /// The list of products: 10 a minute by default.
    static let products = RateLimitTier(name: "products")
}
