// Where a PostgreSQL server is and who we are to it. A value; any thread.

/// The parsed parts of a `postgres://` URL.
public struct PostgresEndpoint: Sendable, Hashable, CustomStringConvertible {
    public enum Host: Sendable, Hashable {
        /// A name or an address.
        case tcp(String)
        /// The folder of the server's UNIX socket.
        case unix(directory: String)
        /// What libpq was built with: on Debian the UNIX socket in /var/run/postgresql.
        case standard
    }

    public struct Option: Sendable, Hashable {
        public let name: String
        public let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public var host = Host.standard
    public var port = 5_432
    public var user: String?
    public var password: String?
    public var database: String?
    /// Connection parameters that go to libpq as they are; several `options` are joined.
    public var options: [Option] = []

    public init() {}

    /// Parameters that libpq knows and that do not interfere with what we set ourselves.
    private static let passedOn: Set<String> = [
        "application_name", "channel_binding", "gssencmode", "keepalives", "keepalives_count", "keepalives_idle",
        "keepalives_interval", "krbsrvname", "options", "passfile", "requirepeer", "ssl_max_protocol_version",
        "ssl_min_protocol_version", "sslcert", "sslcompression", "sslcrl", "sslcrldir", "sslkey", "sslmode", "sslpassword",
        "sslrootcert", "sslsni", "target_session_attrs", "tcp_user_timeout",
    ]

    private static let sslModes: Set<String> = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]

    /// Takes what follows the scheme and its colon.
    /// - Returns: `connect_timeout`, if the URL has one.
    mutating func take(url: Substring) throws(InvalidDatabaseURL) -> Duration? {
        guard url.hasPrefix("//") else {
            throw InvalidDatabaseURL(reason: "expected postgres://user:password@host:port/database")
        }
        guard !url.contains("#") else {
            throw InvalidDatabaseURL(reason: "it has a fragment; a # in a password is written %23")
        }
        let (beforeQuery, query) = url.dropFirst(2).cut(at: "?")
        let (authority, path) = beforeQuery.cut(at: "/")
        try take(authority: authority)
        if let path, !path.isEmpty { database = try decode(path, "the database's name") }
        return try take(query: query)
    }

    private mutating func take(authority: Substring) throws(InvalidDatabaseURL) {
        // The last @: an unescaped one in a password is common, and in a host impossible.
        var hostAndPort = authority
        if let at = authority.lastIndex(of: "@") {
            let (name, secret) = authority[..<at].cut(at: ":")
            if !name.isEmpty { user = try decode(name, "the user's name") }
            if let secret { password = try decode(secret, "the password") }
            hostAndPort = authority[authority.index(after: at)...]
        }
        guard !hostAndPort.contains(",") else { throw InvalidDatabaseURL(reason: "several hosts are not supported") }
        var name = hostAndPort
        var number: Substring?
        if hostAndPort.first == "[" {
            guard let end = hostAndPort.firstIndex(of: "]") else {
                throw InvalidDatabaseURL(reason: "an IPv6 address lacks its closing bracket")
            }
            name = hostAndPort[..<end].dropFirst()
            let behind = hostAndPort[hostAndPort.index(after: end)...]
            guard behind.isEmpty || behind.first == ":" else {
                throw InvalidDatabaseURL(reason: "something stands between the IPv6 address and the port")
            }
            number = behind.isEmpty ? nil : behind.dropFirst()
        } else {
            (name, number) = hostAndPort.cut(at: ":")
        }
        if !name.isEmpty { take(host: try decode(name, "the host")) }
        if let number, !number.isEmpty { try take(port: number) }
    }

    private mutating func take(query: Substring?) throws(InvalidDatabaseURL) -> Duration? {
        var connectTimeout: Duration?
        for parameter in query?.split(separator: "&") ?? [] {
            let (name, encoded) = parameter.cut(at: "=")
            let value = try decode(encoded ?? "", "an option")
            switch name {
            case "host": take(host: value)
            case "port": try take(port: value[...])
            case "user": user = value
            case "password": password = value
            case "dbname": database = value
            case "connect_timeout":
                guard let seconds = value[...].decimal, (1...3_600).contains(seconds) else {
                    throw InvalidDatabaseURL(reason: "connect_timeout is not a number of seconds from 1 to 3600")
                }
                connectTimeout = .seconds(seconds)
            case "ssl", "sslmode":
                // asyncpg says ssl=require, libpq sslmode=require.
                let mode = value == "true" ? "require" : value == "false" ? "disable" : value
                guard PostgresEndpoint.sslModes.contains(mode) else {
                    throw InvalidDatabaseURL(
                        reason: "sslmode is none of disable, allow, prefer, require, verify-ca, verify-full")
                }
                options.append(Option(name: "sslmode", value: mode))
            case let name where PostgresEndpoint.passedOn.contains(String(name)):
                options.append(Option(name: String(name), value: value))
            default:
                // What is not understood is refused rather than dropped: it was meant to do something.
                throw InvalidDatabaseURL(reason: "an option is none that PostgreSQL's client library and this server know")
            }
        }
        return connectTimeout
    }

    private mutating func take(host text: String) {
        host = text.isEmpty ? .standard : text.first == "/" ? .unix(directory: text) : .tcp(text)
    }

    private mutating func take(port text: Substring) throws(InvalidDatabaseURL) {
        guard let number = text.decimal, (1...65_535).contains(number) else {
            throw InvalidDatabaseURL(reason: "the port is not a number from 1 to 65535")
        }
        port = number
    }

    private func decode(_ text: Substring, _ what: String) throws(InvalidDatabaseURL) -> String {
        // libpq takes C strings: what follows a NUL would be lost without a word.
        guard let decoded = text.percentDecoded, !decoded.utf8.contains(0) else {
            throw InvalidDatabaseURL(reason: "\(what) has a broken percent escape")
        }
        return decoded
    }

    /// The URL without password and options.
    public var description: String {
        let who = user.map { "\($0)\(password == nil ? "" : ":***")@" } ?? ""
        let name = database ?? ""
        switch host {
        case .tcp(let host):
            return "postgresql://\(who)\(host.contains(":") ? "[\(host)]" : host):\(port)/\(name)"
        case .unix(let directory): return "postgresql://\(who):\(port)/\(name)?host=\(directory)"
        case .standard: return "postgresql://\(who):\(port)/\(name)"
        }
    }
}
