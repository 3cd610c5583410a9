// What a DATABASE_URL may look like, and what is said of one that may not.

import Reactor
import Testing

@Suite struct DatabaseConfigurationTests {
    @Test(arguments: [
        ("sqlite:data/app.db", "data/app.db"), ("sqlite:/var/lib/app.db", "/var/lib/app.db"),
        ("sqlite:///data/app.db", "data/app.db"), ("sqlite:////var/lib/app.db", "/var/lib/app.db"),
        ("sqlite+aiosqlite:///app.db", "app.db"), ("sqlite::memory:", ":memory:"), ("sqlite:///:memory:", ":memory:"),
        ("sqlite://", ":memory:"), ("SQLITE:a%20b.db", "a b.db"), ("sqlite:what%3F.db", "what?.db"),
    ])
    func takesFilesInEveryUsualForm(_ url: String, _ path: String) throws {
        let configuration = try DatabaseConfiguration(url: url)
        #expect(configuration.location == .sqlite(path: path))
        #expect(configuration.dialect == .sqlite)
    }

    @Test(arguments: ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg2", "POSTGRES"])
    func takesEveryPostgresScheme(_ scheme: String) throws {
        let endpoint = try endpoint("\(scheme)://alice:secret@db.example:6543/shop")
        #expect(endpoint.host == .tcp("db.example"))
        #expect(endpoint.port == 6_543)
        #expect(endpoint.user == "alice")
        #expect(endpoint.password == "secret")
        #expect(endpoint.database == "shop")
    }

    @Test func everythingButTheSchemeMayBeLeftOut() throws {
        let endpoint = try endpoint("postgres://")
        #expect(endpoint == PostgresEndpoint())
        #expect(endpoint.host == .standard)
        #expect(endpoint.port == 5_432)
    }

    @Test func decodesPercentEscapesAndTheLastAtSignCounts() throws {
        let endpoint = try endpoint("postgres://a%40b:p%2Fw%3A%23@x@host/d%20b")
        #expect(endpoint.user == "a@b")
        #expect(endpoint.password == "p/w:#@x")
        #expect(endpoint.host == .tcp("host"))
        #expect(endpoint.database == "d b")
    }

    @Test func takesUnixSocketsFromTheHostOptionOrAnEscapedHost() throws {
        try #expect(endpoint("postgres://u@/db?host=/var/run/postgresql").host == .unix(directory: "/var/run/postgresql"))
        try #expect(endpoint("postgres://u@%2Ftmp%2Fpg:5433/db").host == .unix(directory: "/tmp/pg"))
    }

    @Test func takesIPv6() throws {
        let endpoint = try endpoint("postgres://u@[::1]:5433/db")
        #expect(endpoint.host == .tcp("::1"))
        #expect(endpoint.port == 5_433)
        #expect(endpoint.description == "postgresql://u@[::1]:5433/db")
    }

    @Test func passesOptionsOnAndTranslatesTheSynonym() throws {
        let endpoint = try endpoint("postgres://h/db?sslmode=verify-full&application_name=my%20app&port=5555&user=bob")
        #expect(endpoint.options.map(\.name) == ["sslmode", "application_name"])
        #expect(endpoint.options.map(\.value) == ["verify-full", "my app"])
        #expect(endpoint.port == 5_555)
        #expect(endpoint.user == "bob")
        try #expect(self.endpoint("postgres://h/db?ssl=require").options == [.init(name: "sslmode", value: "require")])
    }

    @Test func theConnectTimeoutIsOurs() throws {
        let configuration = try DatabaseConfiguration(url: "postgres://h/db?connect_timeout=7")
        #expect(configuration.connectTimeout == .seconds(7))
        try #expect(DatabaseConfiguration(url: "postgres://h/db").connectTimeout == .seconds(3))
    }

    @Test func theDescriptionHasNoPasswordAndNoOptions() throws {
        let url = "postgres://alice:hunter2@h:1/db?sslpassword=hunter2"
        let description = try DatabaseConfiguration(url: url).description
        #expect(description == "postgresql://alice:***@h:1/db")
    }

    @Test(arguments: [
        "", "nonsense", "mysql://h/db", "postgres:h/db", "postgres://h:0/db", "postgres://h:65536/db", "postgres://h:5x/db",
        "postgres://h:-1/db", "postgres://a,b/db", "postgres://[::1/db", "postgres://[::1]x/db", "postgres://u:hunter2%zz@h/db",
        "postgres://h/db?sslmode=maybe", "postgres://h/db?connect_timeout=0", "postgres://h/db?connect_timeout=x",
        "postgres://h/db?hunter2=1", "postgres://u:hunter2#x@h/db", "postgres://u:a?hunter2@h/db", "postgres://h/d%00b",
        "sqlite:", "sqlite://host/path", "sqlite:a.db?mode=ro", "sqlite:%zz", "sqlite:a%00b", "sqlite:///%FF",
    ])
    func refusesWhatItCannotUseWithoutQuotingIt(_ url: String) throws {
        let error = try #require(throws: InvalidDatabaseURL.self) { try DatabaseConfiguration(url: url) }
        #expect(!error.reason.isEmpty)
        #expect(!error.description.contains("hunter2"))
    }

    private func endpoint(_ url: String) throws -> PostgresEndpoint {
        guard case .postgres(let endpoint) = try DatabaseConfiguration(url: url).location else {
            Issue.record("\(url) is no PostgreSQL URL")
            return PostgresEndpoint()
        }
        return endpoint
    }
}
