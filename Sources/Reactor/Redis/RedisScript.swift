// A Lua script that the server runs atomically. A value; any thread.

/// A script and the name that a client remembers its digest under.
public struct RedisScript: Sendable, Hashable {
    /// Unique within the program.
    public let name: String
    public let source: String

    public init(name: String, source: String) {
        self.name = name
        self.source = source
    }
}
