// REDIS_URL: what is understood, what is refused, and that a password is never shown.

@testable import Reactor
import Testing

@Suite struct RedisConfigurationTests {
    @Test func parsesHostPortAndDatabase() throws {
        let configuration = try RedisConfiguration(url: "redis://cache.internal:6380/3")
        #expect(configuration.address == .ip(host: "cache.internal", port: 6_380))
        #expect(configuration.database == 3)
        #expect(configuration.username == nil)
        #expect(configuration.password == nil)
    }

    @Test(arguments: ["redis://localhost", "redis://localhost/", "redis://localhost:6379", "redis://localhost:/0", "REDIS://localhost"])
    func defaultsPortAndDatabase(url: String) throws {
        let configuration = try RedisConfiguration(url: url)
        #expect(configuration.address == .ip(host: "localhost", port: 6_379))
        #expect(configuration.database == 0)
    }

    @Test func percentDecodesUserAndPassword() throws {
        let configuration = try RedisConfiguration(url: "redis://al%69ce:p%40ss%2Fword%25@localhost:6379/1")
        #expect(configuration.username == "alice")
        #expect(configuration.password == "p@ss/word%")
    }

    @Test func takesAPasswordWithoutAUser() throws {
        let configuration = try RedisConfiguration(url: "redis://:s3cret@localhost")
        #expect(configuration.username == nil)
        #expect(configuration.password == "s3cret")
    }

    @Test func parsesAnIPv6Address() throws {
        try #expect(RedisConfiguration(url: "redis://[::1]:7000/2").address == .ip(host: "::1", port: 7_000))
        try #expect(RedisConfiguration(url: "redis://[::1]").address == .ip(host: "::1", port: 6_379))
    }

    @Test func parsesAUnixSocket() throws {
        let configuration = try RedisConfiguration(url: "unix:///run/redis%20a.sock?db=4")
        #expect(configuration.address == .unix(path: "/run/redis a.sock"))
        #expect(configuration.database == 4)
        let secured = try RedisConfiguration(url: "unix://bob:pw@/run/redis.sock")
        #expect(secured.address == .unix(path: "/run/redis.sock"))
        #expect(secured.username == "bob")
        #expect(secured.password == "pw")
    }

    @Test func refusesTLSByName() {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: "rediss://:hunter2@host:6379") }
        #expect(error?.description.contains("rediss://") == true)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test(arguments: [
        "", "localhost", "localhost:6379", "http://localhost", "redis://h:0", "redis://h:65536", "redis://h:-1", "redis://h:6379x",
        "redis://h/one", "redis://h/-1", "redis://h/99999999999999999999", "redis://[::1", "redis://[::1]x", "redis://u:%zz@h",
        "redis://u:%f@h", "redis://user@h", "redis://h?timeout=3", "redis://h?db", "unix://relative.sock", "unix://", "unix:///",
        "redis://u:%ff@h",
    ])
    func refuses(url: String) {
        #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
    }

    @Test(arguments: ["redis://alice:hunter2@h:1/2", "redis://:hunter2@h", "unix://alice:hunter2@/run/r.sock"])
    func describesItselfWithoutThePassword(url: String) throws {
        let configuration = try RedisConfiguration(url: url)
        #expect(!configuration.description.contains("hunter2"))
        #expect(!"\(configuration)".contains("hunter2"))
        #expect(configuration.description.contains("***"))
    }

    @Test(arguments: ["redis://alice:hunter2@h:x", "redis://alice:hunter2%@h", "redis://alice:hunter2@h/x", "foo://alice:hunter2@h"])
    func errorsDoNotQuoteThePassword(url: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error?.description.contains("hunter2") == false)
    }
}
