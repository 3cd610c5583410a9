// What one client may ask for, and for how long. A value; any thread.

/// Limits of HTTP/1.1 in sizes and times. Where another server's figure is the reason for ours, it stands beside it.
public struct HTTPLimits: Sendable, Hashable {
    /// Request line, in bytes: 8 KiB, what RFC 9112 3 recommends as the least to support.
    public var maxRequestLineBytes = 8_192
    /// Header section, in bytes (Node: 16 KiB), and its fields (h2o, hyper: 100; HAProxy: 101).
    public var maxHeaderBytes = 16_384
    public var maxHeaderFields = 100
    /// Hexadecimal digits of a chunk's size.
    public var maxChunkSizeDigits = 16
    /// All chunk extensions of one body, in bytes (hyper: 16 KiB; without it, one byte of body can cost any amount of reading).
    public var maxChunkExtensionBytes = 16_384
    /// Trailer section, in bytes.
    public var maxTrailerBytes = 16_384
    /// Requests of one connection before it is closed, so that a balancer gets to spread its connections anew.
    public var maxRequestsPerConnection = 1_000
    /// Requests parsed and unanswered; then reading stops.
    public var maxPipelinedRequests = 16
    /// For how long the requests that one client has pipelined are answered in one piece, before the others on the loop have their turn.
    package var pipelinedTurn = Duration.milliseconds(2)
    /// Bytes of an unread body that are read past after an early answer (Go: 256 KiB).
    public var maxDiscardedBytes = 262_144

    /// Of a TLS handshake, from the connection's acceptance.
    public var tlsHandshakeTimeout = Duration.seconds(10)
    /// From a request's first byte to the end of its header section; bytes in between do not reset it.
    public var headerTimeout = Duration.seconds(10)
    /// Between two reads of a body.
    public var bodyIdleTimeout = Duration.seconds(30)
    /// A body's average rate, once `bodyRateGrace` has passed.
    public var minBodyBytesPerSecond = 1_024
    public var bodyRateGrace = Duration.seconds(10)
    /// Between two requests.
    public var keepAliveTimeout = Duration.seconds(60)
    /// Without a byte of the answer leaving.
    public var writeStallTimeout = Duration.seconds(30)
    /// From a request's head to its answer's.
    public var handlerTimeout = Duration.seconds(30)
    /// From the last answer to the end of the connection, while the client finishes sending what nobody reads.
    public var lingerTimeout = Duration.seconds(1)

    public init() {}
}
