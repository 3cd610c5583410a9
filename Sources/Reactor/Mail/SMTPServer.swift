// Where mail goes out. A value; any thread.

/// A parsed `SMTP_URL`: `smtp://user:password@host:port`, or `smtps://` for TLS from the first byte.
public struct SMTPServer: Sendable, Hashable, CustomStringConvertible {
    /// What is asked of a connection that begins without TLS.
    public enum StartTLS: String, Sendable, CaseIterable {
        case off
        /// Where the server offers it. Whoever sits in between can take the offer out.
        case opportunistic
        case required
    }

    /// True for `smtps://`.
    public let isTLS: Bool
    /// A name or an address, without brackets.
    public let host: String
    public let port: Int
    public let user: String?
    public let password: String?

    public var startTLS = StartTLS.opportunistic
    /// A file of certificates to trust instead of the system's.
    public var certificateAuthorities: String?
    public var connectTimeout: Duration = .seconds(5)
    /// For the whole conversation.
    public var timeout: Duration = .seconds(30)

    /// User and password are percent-decoded.
    /// - Throws: ``InvalidSMTPURL``, with a reason that quotes no value.
    public init(url: String) throws(InvalidSMTPURL) {
        let scheme = url.prefix { $0 != ":" }
        switch scheme.lowercased() {
        case "smtp": isTLS = false
        case "smtps": isTLS = true
        default: throw InvalidSMTPURL(reason: "the scheme is none of smtp://, smtps://")
        }
        let rest = url.dropFirst(scheme.count)
        guard rest.hasPrefix("://") else { throw InvalidSMTPURL(reason: "expected smtp://user:password@host:port") }
        var authority = rest.dropFirst(3)
        if authority.last == "/" { authority = authority.dropLast() }
        var credentials: Substring?
        // The last @: an unescaped one in a password is common, and in a host impossible.
        if let at = authority.lastIndex(of: "@") {
            credentials = authority[..<at]
            authority = authority[authority.index(after: at)...]
        }
        (user, password) = try SMTPServer.parse(credentials: credentials)
        (host, port) = try SMTPServer.parse(authority: authority, standardPort: isTLS ? 465 : 25)
    }

    /// The URL with `***` in the password's place.
    public var description: String {
        let credentials = user.map { password == nil ? "\($0)@" : "\($0):***@" } ?? ""
        return "\(isTLS ? "smtps" : "smtp")://\(credentials)\(authority)"
    }

    var url: String { "\(isTLS ? "smtps" : "smtp")://\(authority)" }

    private var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func parse(credentials: Substring?) throws(InvalidSMTPURL) -> (String?, String?) {
        guard let credentials, !credentials.isEmpty else { return (nil, nil) }
        let (name, secret) = credentials.cut(at: ":")
        guard let name = name.percentDecoded, let secret = (secret ?? "").percentDecoded else {
            throw InvalidSMTPURL(reason: "user or password has a broken percent escape")
        }
        // A line break would be a command of its own.
        guard !(name + secret).utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw InvalidSMTPURL(reason: "user or password has a control character")
        }
        guard !name.isEmpty else { throw InvalidSMTPURL(reason: "there is a password without a user") }
        return (name, secret.isEmpty ? nil : secret)
    }

    private static func parse(authority: Substring, standardPort: Int) throws(InvalidSMTPURL) -> (String, Int) {
        var host = authority
        var number: Substring?
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else {
                throw InvalidSMTPURL(reason: "an IPv6 address lacks its closing bracket")
            }
            host = authority[..<end].dropFirst()
            let behind = authority[authority.index(after: end)...]
            guard behind.isEmpty || behind.first == ":" else {
                throw InvalidSMTPURL(reason: "something stands between the IPv6 address and the port")
            }
            number = behind.isEmpty ? nil : behind.dropFirst()
        } else {
            (host, number) = authority.cut(at: ":")
        }
        guard !host.isEmpty, host.utf8.allSatisfy(isHostCharacter) else {
            throw InvalidSMTPURL(reason: "the host is missing, or has characters that no host has")
        }
        guard let number else { return (String(host), standardPort) }
        guard let port = number.decimal, (1...65_535).contains(port) else {
            throw InvalidSMTPURL(reason: "the port is not a number from 1 to 65535")
        }
        return (String(host), port)
    }

    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"):
            true
        default: false
        }
    }
}

/// Why an `SMTP_URL` cannot be used. Never quotes the URL, which may hold a password.
public struct InvalidSMTPURL: Error, Sendable, Hashable, CustomStringConvertible {
    public let reason: String

    public var description: String { "invalid SMTP URL: \(reason)" }
}
