// The server as its owner sees it: started on a group of loops, drained, and asked how it does. Any thread.

/// An HTTP/1.1 server on every loop of a group.
public final class HTTPServer: Sendable {
    /// Where it listens, with the port that the kernel chose if 0 was asked for.
    public let address: SocketAddress
    private let shards: [ShardOwner]
    private let unixSocket: UnixSocket?
    private let expiry: Lock<Timestamp?>

    private init(address: SocketAddress, shards: [ShardOwner], unixSocket: UnixSocket?, expiry: Timestamp?) {
        self.expiry = Lock(expiry)
        self.address = address
        self.shards = shards
        self.unixSocket = unixSocket
    }

    /// Listens on every loop of `group`; returns when all of them do.
    /// - Parameter makeResponder: called once a loop, on that loop, so that a responder can hold what belongs to it.
    /// - Throws: ``TransportError`` when the address cannot be listened on, or what `makeResponder` throws; nothing listens then.
    public static func start(
        on group: EventLoopGroup, _ configuration: HTTPServerConfiguration,
        responder makeResponder: @escaping @Sendable (EventLoop) async throws -> any HTTPResponder
    ) async throws -> HTTPServer {
        var shards: [ShardOwner] = []
        var address = configuration.address
        if !configuration.sharesPort { try address.checkUnused() }
        let unixSocket: UnixSocket? = if case .unix(let path) = address { try UnixSocket(path: path) } else { nil }
        do {
            for loop in group.loops {
                let shard = ShardOwner(loop: loop, configuration, shards: group.loops.count, responder: try await makeResponder(loop))
                shards.append(shard)
                // The first loop learns which port it is; the others share it.
                if let unixSocket {
                    try await shard.listen(on: unixSocket)
                } else {
                    address = try await shard.listen(on: address)
                }
            }
        } catch {
            unixSocket?.remove()
            for shard in shards { await shard.drain(within: .zero) }
            throw error
        }
        return HTTPServer(address: address, shards: shards, unixSocket: unixSocket, expiry: configuration.tls?.expiry)
    }

    /// Stops accepting, closes idle connections, and lets requests in flight be answered with `Connection: close`.
    ///
    /// Returns when every connection has ended; those that live on after `grace` are cut off.
    public func drain(within grace: Duration) async {
        // Before anything else: while the path stands, clients connect to a socket that nobody accepts from.
        unixSocket?.remove()
        await withTaskGroup(of: Void.self) { group in
            for shard in shards { group.addTask { await shard.drain(within: grace) } }
        }
    }

    /// Connections accepted from now on speak TLS with this context; those that are open keep theirs.
    public func use(_ context: TLSContext) async {
        for shard in shards { await shard.use(context) }
        expiry.withLock { $0 = context.expiry }
    }

    /// When the certificate that new connections get ends; nil in clear.
    public var certificateExpiry: Timestamp? { expiry.withLock { $0 } }

    /// Counts over all loops.
    public func statistics() async -> HTTPServerStatistics {
        var sum = HTTPServerStatistics()
        for shard in shards { sum = sum + (await shard.snapshot()) }
        return sum
    }
}

/// Holds a loop's shard as its isolated state.
private actor ShardOwner {
    private nonisolated let loop: EventLoop
    private var shard: HTTPServerShard

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    init(loop: EventLoop, _ configuration: HTTPServerConfiguration, shards: Int, responder: any HTTPResponder) {
        self.loop = loop
        shard = HTTPServerShard(loop: loop, configuration: configuration, shards: shards, responder: responder)
    }

    func listen(on address: SocketAddress) throws(TransportError) -> SocketAddress { try shard.listen(on: address) }
    func listen(on socket: UnixSocket) throws(TransportError) { try shard.listen(on: socket) }
    func use(_ context: TLSContext) { shard.use(context) }
    func drain(within grace: Duration) async { await shard.drain(within: grace) }
    func snapshot() -> HTTPServerStatistics { shard.snapshot }
}
