// What an HTTP server is told at its start. A value; any thread.

/// Where a server listens, and what it allows.
public struct HTTPServerConfiguration: Sendable {
    /// An IP address with a port (0: the kernel chooses), or the path of a UNIX socket.
    public var address: SocketAddress
    public var limits: HTTPLimits
    /// Nil is HTTP in clear.
    public var tls: TLSContext?
    /// Whether other processes may listen on the same address: the kernel then spreads connections over all of them.
    public var sharesPort: Bool
    /// Connections of the whole server, all loops together.
    public var maxConnections: Int
    /// Connections of one client address (IPv6: of one /64), all loops together. Peers on this machine are not counted: a balancer or a
    /// load generator may be one of them.
    public var maxConnectionsPerAddress: Int

    public init(
        address: SocketAddress, limits: HTTPLimits = HTTPLimits(), sharesPort: Bool = false,
        maxConnections: Int = ProcessLimits.defaultMaxConnections, maxConnectionsPerAddress: Int = 512
    ) {
        self.address = address
        self.limits = limits
        self.sharesPort = sharesPort
        self.maxConnections = maxConnections
        self.maxConnectionsPerAddress = maxConnectionsPerAddress
    }
}

/// What a server has done since it began, and what it holds now.
public struct HTTPServerStatistics: Sendable, Equatable {
    public internal(set) var connectionsAccepted = 0
    public internal(set) var connectionsRefused = 0
    public internal(set) var connectionsOpen = 0
    public internal(set) var requests = 0
    /// Requests whose handler runs.
    public internal(set) var requestsInFlight = 0
    /// Requests refused by the parser.
    public internal(set) var malformedRequests = 0
    /// Connections ended by one of the time limits.
    public internal(set) var timeouts = 0
    /// Connections that ended before their TLS handshake did.
    public internal(set) var failedHandshakes = 0

    public init() {}

    /// The sum over loops.
    public static func + (left: HTTPServerStatistics, right: HTTPServerStatistics) -> HTTPServerStatistics {
        var sum = left
        sum.connectionsAccepted += right.connectionsAccepted
        sum.connectionsRefused += right.connectionsRefused
        sum.connectionsOpen += right.connectionsOpen
        sum.requests += right.requests
        sum.requestsInFlight += right.requestsInFlight
        sum.malformedRequests += right.malformedRequests
        sum.timeouts += right.timeouts
        sum.failedHandshakes += right.failedHandshakes
        return sum
    }
}

/// Anything that turns a request into a response: a router, or a test's closure.
///
/// `respond` runs isolated to the loop's ``LoopActor``, inside the task of its connection's worker, which is cancelled when the client
/// leaves or the handler's time is up; what is returned after that is dropped.
public protocol HTTPResponder: Sendable {
    func respond(to request: HTTPRequest) async -> HTTPResponse

    /// The response to what the server itself refuses, after which it closes the connection. Its body is empty or bytes.
    func refusal(_ refusal: HTTPRefusal) -> HTTPResponse
}

extension HTTPResponder {
    /// JSON: `detail` is the status in words, `code` is the refusal's.
    public func refusal(_ refusal: HTTPRefusal) -> HTTPResponse {
        let text = #"{"detail":"\#(refusal.status.reason)","code":"\#(refusal.code)"}"#
        var response = HTTPResponse(status: refusal.status, body: .bytes(Array(text.utf8)))
        response.headers.append("Content-Type", "application/json")
        return response
    }
}
