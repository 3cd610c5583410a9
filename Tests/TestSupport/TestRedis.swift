// The Redis that the test command started, if it did: tests that need a live one are enabled by TEST_REDIS_URL.

import Glibc
public import Reactor

/// How a test gets at a live Redis that other tests use at the same time.
public enum TestRedis {
    /// Nil where no server was started.
    public static var url: String? {
        unsafe getenv("TEST_REDIS_URL").map { unsafe String(cString: $0) }
    }

    public static var isAvailable: Bool { url != nil }

    /// Patient, because a test machine may be busy: what is tested with it is not the deadline.
    public static func configuration() throws -> RedisConfiguration {
        var configuration = try RedisConfiguration(url: url ?? "redis://127.0.0.1:6379")
        configuration.commandTimeout = .seconds(5)
        configuration.connectTimeout = .seconds(5)
        return configuration
    }

    /// A prefix that no other test, and no earlier run, has used.
    public static func uniquePrefix() -> String {
        "test:\(String(UInt64.random(in: .min ... .max), radix: 36)):"
    }
}
