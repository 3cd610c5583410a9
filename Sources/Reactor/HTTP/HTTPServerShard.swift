// The part of a server that lives on one loop: its listener, its connections, and what they share. Loop-bound.

/// One loop's listener and connections.
@safe
final class HTTPServerShard {
    let loop: EventLoop
    let limits: HTTPLimits
    let responder: any HTTPResponder
    private var tls: TLSContext?
    private let maxConnections: Int
    private let maxConnectionsPerAddress: Int

    /// Parses every head that arrives in one piece.
    var parser: HTTPHeadParser
    /// Set while a connection takes bytes in: the parser of a head that they end in the middle of.
    var unfinishedParser: HTTPHeadParser?
    var statistics = HTTPServerStatistics()
    private(set) var isDraining = false

    private var listener: TCPListener?
    private var connections: [HTTPConnection] = []
    /// Those among them that there was no room for.
    private var refusedConnections = 0
    private var connectionsByNetwork: [String: Int] = [:]
    private var spareRequests: [HTTPRequest] = []
    /// Tasks without a connection. The last one to be parked is the first to be taken: its memory is the warmest.
    private var parkedWorkers: [HTTPWorker] = []
    private var sweepTimer: LoopTimer?
    private var drained: LoopPromise<Void>?
    private var date = HTTPDateField()

    /// How often time limits are looked at: they are kept to this precision.
    private static let sweepPeriod = Duration.milliseconds(250)
    /// As many connections as one poll can report (libuv: 1,024 events) find a task and a request ready; what a burst needs beyond
    /// ends with it.
    private static let maxSpareRequests = 1_024
    private static let maxParkedWorkers = 1_024
    /// So many connections over the limit get a response at a time; more are closed without one.
    private static let maxRefusedConnections = 64

    init(loop: EventLoop, configuration: HTTPServerConfiguration, shards: Int, responder: any HTTPResponder) {
        self.loop = loop
        self.responder = responder
        limits = configuration.limits
        tls = configuration.tls
        maxConnections = max(1, configuration.maxConnections / shards)
        maxConnectionsPerAddress = max(1, configuration.maxConnectionsPerAddress / shards)
        parser = HTTPHeadParser(limits: configuration.limits)
    }

    // MARK: Listening

    func listen(on address: SocketAddress) throws(TransportError) -> SocketAddress {
        let listener = try TCPListener(address, loop: loop) { [unowned self] in admit($0) }
        self.listener = listener
        return listener.address
    }

    func listen(on socket: UnixSocket) throws(TransportError) {
        listener = try TCPListener(socket, loop: loop) { [unowned self] in admit($0) }
    }

    /// For connections that come from now on.
    func use(_ context: TLSContext) {
        tls = context
    }

    private func admit(_ transport: TCPConnection) {
        let network = transport.remoteAddress.network
        let isCounted = !transport.remoteAddress.isLocal
        let isRoom = connections.count - refusedConnections < maxConnections
        guard isRoom, !isCounted || connectionsByNetwork[network, default: 0] < maxConnectionsPerAddress else { return refuse(transport) }
        if let tls, !transport.startTLS(tls) {
            statistics.connectionsRefused += 1
            return transport.abort()
        }
        statistics.connectionsAccepted += 1
        if isCounted { connectionsByNetwork[network, default: 0] += 1 }
        enroll(HTTPConnection(transport: transport, server: self))
    }

    private func refuse(_ transport: TCPConnection) {
        statistics.connectionsRefused += 1
        // To say it in TLS would take the handshake that there is no room for.
        guard tls == nil, refusedConnections < HTTPServerShard.maxRefusedConnections else { return transport.abort() }
        refusedConnections += 1
        enroll(HTTPConnection(transport: transport, server: self, isRefused: true))
    }

    private func enroll(_ connection: HTTPConnection) {
        connection.slot = connections.count
        connections.append(connection)
        startSweeping()
        connection.start()
    }

    func remove(_ connection: HTTPConnection) {
        let address = connection.transport.remoteAddress
        if connection.isRefused {
            refusedConnections -= 1
        } else if !address.isLocal, let count = connectionsByNetwork[address.network] {
            connectionsByNetwork[address.network] = count > 1 ? count - 1 : nil
        }
        let last = connections.removeLast()
        if last !== connection {
            connections[connection.slot] = last
            last.slot = connection.slot
        }
        if connections.isEmpty { drained?.succeed(()) }
    }

    // MARK: Shared by the connections

    /// `Date: ...\r\n`, made anew once a second.
    var dateField: [UInt8] { date.bytes(at: loop.now) }

    /// A request for the head that was just parsed, with the storage of one that is over if there is one.
    func makeRequest(_ head: inout HTTPRequestHead, _ bytes: RawSpan, remoteAddress: SocketAddress) -> HTTPRequest {
        let request = spareRequests.popLast() ?? HTTPRequest(loop: loop, remoteAddress: remoteAddress)
        request.take(&head, bytes, remoteAddress: remoteAddress)
        return request
    }

    /// Takes a request back whose handler is done with it; one that somebody kept is left to them.
    func recycle(_ request: inout HTTPRequest) {
        guard spareRequests.count < HTTPServerShard.maxSpareRequests, isKnownUniquelyReferenced(&request) else { return }
        spareRequests.append(request)
    }

    // MARK: Workers

    /// A worker that serves `connection` from the next drain of the loop on.
    func employWorker(for connection: HTTPConnection) -> HTTPWorker {
        let worker = parkedWorkers.popLast() ?? HTTPWorker(server: self)
        worker.serve(connection)
        return worker
    }

    /// Keeps a worker for the next connection; false where there are enough, and the worker is to end.
    func park(_ worker: HTTPWorker) -> Bool {
        guard !isDraining, parkedWorkers.count < HTTPServerShard.maxParkedWorkers else { return false }
        parkedWorkers.append(worker)
        return true
    }

    // MARK: Time

    private func startSweeping() {
        guard sweepTimer == nil else { return }
        let timer = LoopTimer(loop: loop)
        sweepTimer = timer
        timer.start(after: HTTPServerShard.sweepPeriod, repeating: HTTPServerShard.sweepPeriod) { [unowned self] in sweep() }
    }

    private func sweep() {
        guard !connections.isEmpty else {
            sweepTimer = nil
            return
        }
        let now = loop.now
        for connection in connections { connection.sweep(now: now, period: HTTPServerShard.sweepPeriod) }
    }

    // MARK: Ending

    /// Stops accepting, closes idle connections, and answers what is under way with `Connection: close`.
    func beginDraining() {
        guard !isDraining else { return }
        isDraining = true
        listener?.close()
        listener = nil
        for connection in connections { connection.drain() }
        for worker in parkedWorkers { worker.wake() }
        parkedWorkers.removeAll()
    }

    /// Returns when every connection has ended; what lives on after `grace` is cut off.
    func drain(within grace: Duration) async {
        beginDraining()
        if !connections.isEmpty {
            let promise = LoopPromise<Void>(loop: loop)
            drained = promise
            let timer = LoopTimer(loop: loop)
            timer.start(after: grace) { [unowned self] in
                for connection in connections {
                    connection.cancelHandler()
                    connection.transport.abort()
                }
            }
            defer { timer.stop() }
            try? await promise.wait()
        }
        sweepTimer?.stop()
        sweepTimer = nil
    }

    var snapshot: HTTPServerStatistics {
        var snapshot = statistics
        snapshot.connectionsOpen = connections.count - refusedConnections
        return snapshot
    }
}

/// The Date field, rendered once a second.
private struct HTTPDateField {
    private var second: Int64 = .min
    private var rendered: [UInt8] = []

    mutating func bytes(at now: MonotonicInstant) -> [UInt8] {
        let second = now.nanoseconds / 1_000_000_000
        if second != self.second {
            self.second = second
            rendered = Array("Date: ".utf8)
            HTTPDate.append(Timestamp.now(), to: &rendered)
            rendered.append(contentsOf: "\r\n".utf8)
        }
        return rendered
    }
}
