// The cache's settings and what it reports. Values; any thread.

/// Bounds of the in-process cache, and how keys in Redis begin.
public struct CacheConfiguration: Sendable {
    /// Entries in this process, all loops together.
    public var maxEntries = 65_536
    /// Bytes in this process, all loops together: values, keys and an estimate of the bookkeeping.
    public var maxBytes = 64 * 1_024 * 1_024
    /// A larger value is handed on and not cached, in this process or in Redis.
    public var maxValueBytes = 1_024 * 1_024
    /// What every key in Redis begins with: programs that share a Redis are told apart by it.
    public var keyPrefix = "reactor:"
    /// How long after a failed publication of an invalidation to try again.
    public var publicationRetry: Duration = .milliseconds(500)

    public init() {}
}

/// Counts since the cache was made.
public struct CacheStatistics: Sendable, Equatable {
    public internal(set) var hits = 0
    public internal(set) var misses = 0
    /// Values loaded: misses minus those that shared another's flight.
    public internal(set) var loads = 0
    /// Look-ups that Redis did not answer; they are misses too.
    public internal(set) var bypasses = 0
    public internal(set) var invalidations = 0
    /// In this process; zero where entries are in Redis.
    public internal(set) var entries = 0
    public internal(set) var bytes = 0
    public internal(set) var evictions = 0

    public init() {}

    mutating func add(_ other: CacheStatistics) {
        hits += other.hits
        misses += other.misses
        loads += other.loads
        bypasses += other.bypasses
        invalidations += other.invalidations
    }
}
