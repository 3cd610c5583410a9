// Where the database is, how many connections a loop holds, and how long anything may take. A value; any thread.

/// A parsed `DATABASE_URL` with the pool's sizes and deadlines.
public struct DatabaseConfiguration: Sendable, Hashable, CustomStringConvertible {
    public enum Location: Sendable, Hashable {
        /// A file's path, relative to the working directory or absolute; `:memory:` is a database of its one connection.
        case sqlite(path: String)
        case postgres(PostgresEndpoint)
    }

    public var location: Location

    /// PostgreSQL: connections a loop on which single statements of all requests are pipelined.
    public var sharedConnections = 1
    /// PostgreSQL: connections a loop, at most, that belong to one transaction at a time. Made as they are needed.
    public var exclusiveConnections = 4
    /// SQLite: connections a loop, at most, that read. Writes have one connection more.
    public var readerConnections = 2
    /// SQLite: whether foreign keys are enforced. Off for migrations only, which make tables anew: dropping the old one would
    /// delete the rows that refer to it. SQLite heeds the switch outside of transactions alone, so it belongs to the connection.
    public var enforcesForeignKeys = true
    /// Callers a loop that may wait for a connection; more are refused at once.
    public var maxWaiters = 4_096
    /// Statements that may be unanswered on one connection; more are refused at once.
    public var maxStatementsInFlight = 8_192

    /// For name resolution, TCP, TLS and the greeting together.
    public var connectTimeout: Duration = .seconds(3)
    /// From the call to the answer; the server is told too, so that it stops working.
    public var statementTimeout: Duration = .seconds(5)
    /// The same for ``SQLExecutor/script(_:)``: a migration may build an index.
    public var scriptTimeout: Duration = .seconds(600)
    /// How long a caller waits for a connection.
    public var poolWait: Duration = .seconds(2)
    /// A statement that is unanswered for this long makes the pool ask whether the server lives ...
    public var stallThreshold: Duration = .milliseconds(500)
    /// ... and if that is not answered within this, the server is taken to be away. Also the limit of a health check.
    public var probeTimeout: Duration = .seconds(1)
    /// The pause after the first failed attempt to connect; it doubles from there, with jitter.
    public var firstReconnectDelay: Duration = .milliseconds(100)
    /// The longest pause. Below 5 s by what connecting may take, since 5 s after its return the server is to be used again.
    public var longestReconnectDelay: Duration = .milliseconds(4_500)
    /// PostgreSQL: a connection that is older is replaced, after what it is doing; nil is never. What has changed behind a name, a
    /// virtual address or a pooler is then noticed by a server that has no failures to learn it from.
    public var connectionMaxAge: Duration? = .seconds(3_600)
    /// PostgreSQL: whether statements are prepared on the server. Some transaction poolers do not support that.
    public var preparedStatements = PreparedStatements.auto

    public init(location: Location) {
        self.location = location
    }

    /// Parses `sqlite:PATH`, `sqlite:///relative`, `sqlite:////absolute`, `sqlite::memory:`,
    /// `postgres://user:password@host:port/database?option=value` and the same with a driver's name behind `postgresql+` or
    /// `sqlite+`, as SQLAlchemy writes it. `?host=/directory` means a UNIX socket there.
    ///
    /// - Throws: ``InvalidDatabaseURL``, with a reason that quotes no value.
    public init(url: String) throws(InvalidDatabaseURL) {
        guard let colon = url.firstIndex(of: ":") else {
            throw InvalidDatabaseURL(reason: "it has no scheme; expected sqlite:PATH or postgres://user@host/database")
        }
        let scheme = url[..<colon].lowercased()
        let rest = url[url.index(after: colon)...]
        switch scheme.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false).first ?? "" {
        case "sqlite":
            self.init(location: .sqlite(path: try DatabaseConfiguration.sqlitePath(rest)))
        case "postgres", "postgresql":
            var endpoint = PostgresEndpoint()
            let seconds = try endpoint.take(url: rest)
            self.init(location: .postgres(endpoint))
            if let seconds { connectTimeout = seconds }
        default:
            throw InvalidDatabaseURL(reason: "its scheme is none of sqlite:, postgres://, postgresql://")
        }
    }

    public var dialect: SQLDialect {
        switch location {
        case .sqlite: .sqlite
        case .postgres: .postgres
        }
    }

    /// The URL without password and options.
    public var description: String {
        switch location {
        case .sqlite(let path): "sqlite:\(path)"
        case .postgres(let endpoint): endpoint.description
        }
    }

    private static func sqlitePath(_ rest: Substring) throws(InvalidDatabaseURL) -> String {
        guard !rest.contains("?") else {
            throw InvalidDatabaseURL(reason: "SQLite takes no options; a question mark in a file's name is written %3F")
        }
        var path = rest
        if path.hasPrefix("//") {
            path = path.dropFirst(2)
            // SQLAlchemy's form: three slashes and a relative path, or four and an absolute one.
            guard path.isEmpty || path.first == "/" else {
                throw InvalidDatabaseURL(reason: "SQLite has no host; expected sqlite:///relative or sqlite:////absolute")
            }
            path = path.dropFirst()
            if path.isEmpty { return ":memory:" }
        }
        guard let decoded = path.percentDecoded, !decoded.isEmpty, !decoded.utf8.contains(0) else {
            throw InvalidDatabaseURL(reason: "the file's path is missing, or has a broken percent escape")
        }
        return decoded
    }
}

/// Why a `DATABASE_URL` cannot be used. Never quotes the URL, which may hold a password.
public struct InvalidDatabaseURL: Error, Sendable, Hashable, CustomStringConvertible {
    public let reason: String

    public var description: String { "invalid database URL: \(reason)" }
}
