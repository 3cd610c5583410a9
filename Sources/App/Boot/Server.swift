// The life of `reactor serve`: make everything, listen, wait for the operator, drain, end. Runs on the main task; everything it
// makes lives on the loops.

import Actors
import Metrics
import Logging
import Reactor

/// A serving process.
struct Server {
    let configuration: AppConfiguration
    let logger: Logger
    let startedAt: MonotonicInstant
    private let ending = ShutdownProgress()

    init(configuration: AppConfiguration, logger: Logger, startedAt: MonotonicInstant) {
        self.configuration = configuration
        self.logger = logger
        self.startedAt = startedAt
    }

    /// Serves until SIGTERM or SIGINT, then drains. A second signal ends the process at once, and so does one that comes before it
    /// listens. `SHUTDOWN_GRACE` after the first one the process ends whatever hangs, with a line that says what.
    /// - Throws: ``ConfigurationError``, ``MigrationError``, `TransportError` where the address cannot be listened on.
    func run() async throws {
        ProcessLimits.raiseFileDescriptorLimit()
        let tls = try configuration.server.tls.load()
        try DurableFile.createDirectory(configuration.dataDirectory)
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        let loops = configuration.server.loops ?? EventLoopGroup.defaultLoopCount
        ProcessMemory.limitHeaps(loops: loops)
        try await EventLoopGroup.withGroup(loops: loops) { group in
            // Before anything that takes time: from here on the operator's signals mean what they should.
            let termination = TerminationWatch(loop: group.loops[0])
            try await termination.start(configuration, ending: ending, logger: logger)
            let hangup = HangupWatch(loop: group.loops[0])
            await hangup.start(logger: logger)
            do {
                try await run(on: group, metrics, tls, termination, hangup)
            } catch {
                await hangup.stop()
                await termination.stop()
                throw error
            }
            await hangup.stop()
            await termination.stop()
            ending.begin("threads of event loops, of files and of name resolution")
        }
        logger.notice("stopped")
    }

    private func run(
        on group: EventLoopGroup, _ metrics: PrometheusMetrics, _ tls: TLSContext?, _ termination: TerminationWatch, _ hangup: HangupWatch
    ) async throws {
        let first = group.loops[0]
        if configuration.environment == .development {
            let logger = self.logger
            _ = try await DatabaseMigration.run(configuration, on: first) { migrator in
                try await migrator.up {
                    logger.notice("migrated", metadata: ["migration": "\($0.label)"])
                } adopted: { report in
                    logger.notice("\(report.summary)")
                    for remark in report.remarks { logger.warning("\(remark)") }
                }
            }
        }
        let docs = await DocsAssets.load(from: configuration.docsAssetsDirectory, on: first)
        let backend = try await Backend(on: group, configuration, logger: logger, docs: docs, metrics: metrics, startedAt: startedAt)
        do {
            if configuration.environment != .development { try await Server.checkSchema(of: backend.pools[0], logger: logger) }
            try await serve(backend, on: group, tls, termination, hangup)
        } catch {
            await backend.shutdown(ending)
            throw error
        }
        await backend.shutdown(ending)
    }

    /// Refuses a schema that is not what this program's migrations make. One that is behind, or a database that is away, is
    /// readiness' to tell: it may be mended while the server runs.
    /// - Throws: ``MigrationError``.
    static func checkSchema(of pool: DatabasePool, known: [Migration] = Migration.all, logger: Logger) async throws {
        let check = Task(executorPreference: pool.loop) { try await Migrator(pool: pool, known: known).isUpToDate() }
        do {
            if try await !check.value { logger.warning("migrations are pending") }
        } catch MigrationError.database(let error) {
            if case .incapable(.unsuitable) = error { throw MigrationError.database(error) }
            logger.warning("the database's schema could not be looked at", metadata: ["error": "\(error)"])
        }
    }

    private func serve(
        _ backend: Backend, on group: EventLoopGroup, _ tls: TLSContext?, _ termination: TerminationWatch, _ hangup: HangupWatch
    ) async throws {
        let first = group.loops[0]
        await termination.drainFromNowOn()
        var settings = configuration.httpServer
        settings.tls = tls
        let server = try await HTTPServer.start(on: group, settings) { loop in
            try Routes.application(backend, on: loop)
        }
        backend.server = server
        if tls != nil {
            let reload = CertificateReload(files: configuration.server.tls, server: server, loop: first, logger: logger)
            await hangup.reload { await reload() }
        }
        announce(server.address, tls, backend)
        await backend.start()
        backend.listen()
        let services = Services(of: backend, on: first)
        let worker = configuration.server.runsWorker ? RunningWorker(services) : nil
        // What a crash left behind. Beside the requests, not before them: it may be many files.
        let sweep = Task(executorPreference: first) { await FileSweep(services).runAtStart() }
        ProcessMemory.releaseStartup()

        let signal = await termination.wait()
        logger.notice("draining", metadata: ["signal": "\(signal)", "grace": "\(DurationText.render(configuration.server.shutdownGrace))"])
        await backend.health.beginDraining()
        sweep.cancel()
        let grace = configuration.server.orderlyGrace
        async let jobsEnded: Void? = worker?.stop(within: grace, ending)
        await ending.step("requests") { await server.drain(within: grace) }
        _ = await jobsEnded
        await ending.step("the sweep of files") { await sweep.value }
    }

    /// One line with everything that somebody who has just started it wants to know.
    private func announce(_ address: SocketAddress, _ tls: TLSContext?, _ backend: Backend) {
        let url = ServerURL.text(address, isTLS: tls != nil)
        var fields: Logger.Metadata = [
            "url": "\(url)", "env": "\(configuration.environment.rawValue)", "loops": "\(backend.loops.count)",
            "database": "\((try? configuration.databaseConfiguration.description) ?? "")",
            "redis": "\((try? configuration.redisConfiguration?.description) ?? "none")",
            "startup_ms": "\((MonotonicInstant.now() - startedAt).wholeNanoseconds / 1_000_000)",
        ]
        if case .ip = address { fields["docs"] = "\(url)/docs" }
        if let expiry = tls?.expiry { fields["certificate_expires"] = "\(expiry)" }
        logger.notice("listening", metadata: fields)
    }
}

/// The address of the server as a person would type it.
enum ServerURL {
    static func text(_ address: SocketAddress, isTLS: Bool) -> String {
        switch address {
        case .unix: return address.description
        case .ip(let host, let port):
            // One cannot open the wildcard address.
            let shown = host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host
            return "\(isTLS ? "https" : "http")://\(SocketAddress.ip(host: shown, port: port))"
        }
    }
}

extension AppConfiguration {
    /// What the HTTP server is told.
    var httpServer: HTTPServerConfiguration {
        let address: SocketAddress =
            server.host.hasPrefix("unix:")
            ? .unix(path: String(server.host.dropFirst(5))) : .ip(host: server.host, port: server.port)
        return HTTPServerConfiguration(
            address: address, limits: server.http, sharesPort: server.sharesPort,
            maxConnections: server.maxConnections ?? ProcessLimits.defaultMaxConnections,
            maxConnectionsPerAddress: server.maxConnectionsPerAddress)
    }
}
