// What can go wrong between a command and its reply. Values; any thread.

/// An error that the server sent as its reply, such as `WRONGTYPE Operation against a key ...`.
public struct RedisServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The first word of the reply: `ERR`, `NOSCRIPT`, `NOAUTH`, `WRONGTYPE` ...
    public let code: String
    /// The rest of the reply. Written by the server, so it may quote a key; never one of our secrets.
    public let message: Text

    public init(code: String, message: Text) {
        self.code = code
        self.message = message
    }

    init(reply: String) {
        let (first, rest) = Text(reply).cut(at: UInt8(ascii: " ")) ?? (Text(reply), "")
        code = first.asciiString ?? "ERR"
        message = rest
    }

    /// The server cannot serve any command: a replica, one that must not write because its disk failed, one that is loading, a part of a
    /// cluster, one that wants another password. NOPERM is not among them: it may forbid one command only.
    ///
    /// Source: the error codes of Redis 7, src/server.c `createSharedObjects`.
    var isOutage: Bool {
        switch code {
        case "READONLY", "MISCONF", "NOAUTH", "WRONGPASS", "LOADING", "MASTERDOWN", "NOREPLICAS", "CLUSTERDOWN", "MOVED", "ASK",
            "TRYAGAIN", "BUSY", "UNKILLABLE":
            true
        default: false
        }
    }

    /// The server has no memory for what a command would add. Commands that remove are carried out.
    var isOutOfMemory: Bool { code == "OOM" }

    // TEXT: for a log, which escapes it.
    public var description: String { message.isEmpty ? code : code + " " + message.swiftString }
}

/// The one error type of the Redis layer. Every case means that the caller should do without Redis; none carries a password.
public enum RedisError: Error, Sendable, Hashable, CustomStringConvertible {
    /// `REDIS_URL` cannot be used; the reason never quotes the URL.
    case invalidURL(String)
    /// No connection, or the breaker is open: nothing was sent.
    case unavailable(String)
    /// No reply within the command's deadline. The command may have been carried out.
    case timeout
    /// The connection ended with the reply outstanding. The command may have been carried out.
    case connectionLost(String)
    /// The peer sent something that is no reply, or one larger than the limits. The connection is closed.
    case protocolViolation(String)
    /// The reply is an error.
    case server(RedisServerError)
    /// The reply is well-formed but not of the kind that the command promises.
    case unexpectedReply(String)
    /// Too many commands wait for their replies already: nothing was sent.
    case overloaded
    /// The waiting task was cancelled. The command may have been carried out.
    case cancelled
    /// The client was shut down.
    case closed

    public var description: String {
        switch self {
        case .invalidURL(let reason): "the Redis URL cannot be used: \(reason)"
        case .unavailable(let reason): "Redis is unavailable: \(reason)"
        case .timeout: "Redis did not answer in time"
        case .connectionLost(let reason): "the connection to Redis was lost: \(reason)"
        case .protocolViolation(let reason): "Redis sent an invalid reply: \(reason)"
        case .server(let error): "Redis answered: \(error)"
        case .unexpectedReply(let reason): "Redis sent an unexpected reply: \(reason)"
        case .overloaded: "too many Redis commands are waiting"
        case .cancelled: "the wait for Redis was cancelled"
        case .closed: "the Redis client is shut down"
        }
    }

    /// True where the failure speaks against the server rather than against one command.
    var isOutage: Bool {
        switch self {
        case .unavailable, .timeout, .connectionLost, .protocolViolation: true
        case .server(let error): error.isOutage || error.isOutOfMemory
        case .invalidURL, .unexpectedReply, .overloaded, .cancelled, .closed: false
        }
    }
}
