// Where Redis is and how long we wait for it. A value; any thread.

/// A parsed `REDIS_URL`, with the timeouts and bounds of a client.
///
/// Understood: `redis://[user[:password]@]host[:port][/database]` and `unix://[user[:password]@]/path.sock[?db=database]`.
/// A password without a user is written `redis://:password@host`. User and password are percent-decoded.
public struct RedisConfiguration: Sendable, CustomStringConvertible {
    public var address: SocketAddress
    public var username: String?
    public var password: String?
    public var database = 0

    /// What `CLIENT LIST` on the server shows for our connections. No spaces.
    public var clientName = "reactor"
    /// For name resolution, TCP connect and greeting together.
    public var connectTimeout: Duration = .milliseconds(500)
    /// From the call to the reply; includes waiting for a connection.
    public var commandTimeout: Duration = .milliseconds(100)
    /// Failures in a row after which nothing is sent for ``breakerInterval``.
    public var breakerThreshold = 3
    public var breakerInterval: Duration = .seconds(5)
    /// The key that is set and removed to find out whether the server writes.
    public var probeKey: Text = "reactor:probe"
    /// Commands that may wait for their replies on one connection; more are refused.
    public var maxCommandsInFlight = 8_192

    var replyLimits = RedisReplyLimits()

    public init(address: SocketAddress, username: String? = nil, password: String? = nil, database: Int = 0) {
        self.address = address
        self.username = username
        self.password = password
        self.database = database
    }

    /// - Throws: ``RedisError/invalidURL(_:)``, with a reason that does not quote the URL, since it may hold a password.
    public init(url: String) throws(RedisError) {
        guard let separator = url.firstRange(ofText: "://") else { throw .invalidURL("it has no scheme; expected redis://host:port/db") }
        let rest = url[separator.upperBound...]
        switch url[..<separator.lowerBound].lowercased() {
        case "redis": try self.init(tcp: rest)
        case "unix": try self.init(unix: rest)
        case "rediss": throw .invalidURL("rediss:// (TLS to Redis) is not supported; use redis:// over a private network, or unix://")
        default: throw .invalidURL("the scheme is none of redis://, unix://")
        }
    }

    private init(tcp rest: Substring) throws(RedisError) {
        let (beforeQuery, query) = rest.cut(at: "?")
        let (authority, path) = beforeQuery.cut(at: "/")
        let (credentials, hostAndPort) = authority.cutCredentials()
        let (host, port) = try RedisConfiguration.parse(hostAndPort: hostAndPort)
        self.init(address: .ip(host: host, port: port))
        try take(credentials: credentials)
        if let path, !path.isEmpty { try take(database: path) }
        try take(query: query)
    }

    private init(unix rest: Substring) throws(RedisError) {
        let (beforeQuery, query) = rest.cut(at: "?")
        let (credentials, path) = beforeQuery.first == "/" ? (nil, beforeQuery) : beforeQuery.cutCredentials()
        guard path.first == "/", path.count > 1, let decoded = path.percentDecoded() else {
            throw .invalidURL("unix:// needs an absolute path, as in unix:///run/redis.sock")
        }
        self.init(address: .unix(path: decoded))
        try take(credentials: credentials)
        try take(query: query)
    }

    private static func parse(hostAndPort text: Substring) throws(RedisError) -> (String, Int) {
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw .invalidURL("an IPv6 address lacks its closing bracket") }
            host = text[text.index(after: text.startIndex)..<end]
            let afterBracket = text[text.index(after: end)...]
            guard afterBracket.isEmpty || afterBracket.first == ":" else { throw .invalidURL("the port is not a number from 1 to 65535") }
            port = afterBracket.isEmpty ? nil : afterBracket.dropFirst()
        } else {
            (host, port) = text.cut(at: ":")
        }
        guard !host.isEmpty else { return ("127.0.0.1", try parse(port: port)) }
        return (String(host), try parse(port: port))
    }

    private static func parse(port text: Substring?) throws(RedisError) -> Int {
        guard let text, !text.isEmpty else { return 6_379 }
        guard let port = text.decimal, (1...65_535).contains(port) else { throw .invalidURL("the port is not a number from 1 to 65535") }
        return port
    }

    private mutating func take(credentials: Substring?) throws(RedisError) {
        guard let credentials else { return }
        let (user, secret) = credentials.cut(at: ":")
        guard let user = user.percentDecoded(), let secret = (secret ?? "").percentDecoded() else {
            throw .invalidURL("user or password has a broken percent escape")
        }
        guard user.isEmpty || !secret.isEmpty else { throw .invalidURL("there is a user without a password") }
        username = user.isEmpty ? nil : user
        password = secret.isEmpty ? nil : secret
    }

    private mutating func take(database text: Substring) throws(RedisError) {
        guard let number = text.decimal, number <= 1_000_000 else { throw .invalidURL("the database is not a number") }
        database = number
    }

    /// `db` is understood; what is not understood is refused rather than dropped, because it was meant to do something.
    private mutating func take(query: Substring?) throws(RedisError) {
        for parameter in query?.split(separator: "&") ?? [] {
            let (name, value) = parameter.cut(at: "=")
            guard name == "db", let value else { throw .invalidURL("the only parameter understood is db") }
            try take(database: value)
        }
    }

    /// The URL with `***` in the password's place.
    public var description: String {
        let credentials =
            switch (username, password) {
            case (nil, nil): ""
            case (let user, nil): "\(user ?? "")@"
            case (let user, _?): "\(user ?? ""):***@"
            }
        switch address {
        case .ip: return "redis://\(credentials)\(address)/\(database)"
        case .unix(let path): return "unix://\(credentials)\(path)?db=\(database)"
        }
    }
}

// MARK: - Taking a URL apart

extension StringProtocol where SubSequence == Substring {
    fileprivate func firstRange(ofText text: StaticString) -> Range<Index>? {
        let wanted = Array("\(text)")
        var start = startIndex
        while start < endIndex {
            if self[start...].starts(with: wanted) { return start..<index(start, offsetBy: wanted.count) }
            start = index(after: start)
        }
        return nil
    }

    /// What is before the first `mark` and what is after it, if there is one.
    fileprivate func cut(at mark: Character) -> (Substring, Substring?) {
        guard let position = firstIndex(of: mark) else { return (self[startIndex..<endIndex], nil) }
        return (self[..<position], self[index(after: position)...])
    }

    /// What is before the last `@`, and the rest: an unescaped `@` in a password is common, and in a host impossible.
    fileprivate func cutCredentials() -> (Substring?, Substring) {
        guard let position = lastIndex(of: "@") else { return (nil, self[startIndex..<endIndex]) }
        return (self[..<position], self[index(after: position)...])
    }

    /// A number written with digits only.
    fileprivate var decimal: Int? {
        utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(self) : nil
    }

    /// Nil for a `%` that two hexadecimal digits do not follow, or where the result is not UTF-8.
    fileprivate func percentDecoded() -> String? {
        var decoded: [UInt8] = []
        var bytes = utf8.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%") else {
                decoded.append(byte)
                continue
            }
            guard let high = bytes.next()?.hexadecimalDigit, let low = bytes.next()?.hexadecimalDigit else { return nil }
            decoded.append(high << 4 | low)
        }
        return String(validating: decoded, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var hexadecimalDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
