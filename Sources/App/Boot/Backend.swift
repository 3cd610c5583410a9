// What the loops of a process share, and the slices of it that each loop has. Made once, on the main task, before anything
// listens; ended by `shutdown()`. A value of lets but for the server, which is started after it.

import Actors
import Logging
import Reactor
import Synchronization

/// The composition root: everything that holds state is made here, and handed on from here.
final class Backend: Sendable {
    let configuration: AppConfiguration
    let logger: Logger
    let metrics: PrometheusMetrics
    let loops: [EventLoop]
    /// One a loop, by the loop's index.
    let pools: [DatabasePool]
    /// One a loop; nil without Redis.
    let redis: [RedisClient]?
    let caches: CacheGroup
    let limiters: RateLimiterGroup
    let sessions: SessionStoreGroup
    let tokens: TokenIssuer
    /// One for all loops, on the first: what it bounds are the machine's memory and the process' pool of threads.
    let passwords: PasswordHasher
    /// Wakes this process' workers.
    let jobSignal = JobSignal()
    /// Other processes of the same PostgreSQL; nil for SQLite.
    let feed: ChangeFeed?
    private let listening = Mutex<Task<Void, Never>?>(nil)
    let jobStreams: StreamSlots<Int64>
    /// Where mail goes out; nil is the outbox.
    let mailServer: SMTPServer?
    let health: HealthMonitor
    /// Nil where traces go nowhere.
    let tracer: Tracer?
    /// The samples of the live page.
    let live: LiveMonitor
    let table: RouteTable
    /// The OpenAPI document of ``table``.
    let document: DocsAssets.Asset
    let docs: DocsAssets
    let startedAt: MonotonicInstant
    private let lagProbes: [LoopLagProbe]
    private let startedServer = Mutex<HTTPServer?>(nil)

    /// Connects to nothing yet: pools and clients do when they are first asked.
    /// - Throws: ``ConfigurationError`` for what only shows here.
    init(
        on group: EventLoopGroup, _ configuration: AppConfiguration, logger: Logger, docs: DocsAssets = DocsAssets(files: [:]),
        metrics: PrometheusMetrics = PrometheusMetrics(), startedAt: MonotonicInstant = .now()
    ) async throws {
        let loops = group.loops
        let database = try configuration.databaseConfiguration
        let redis = try configuration.redisConfiguration.map { redis in loops.map { RedisClient(loop: $0, configuration: redis) } }
        mailServer = try configuration.mailServer
        jobStreams = StreamSlots(maxPerOwner: configuration.jobs.events.maxPerUser)
        self.configuration = configuration
        self.logger = logger
        self.metrics = metrics
        self.loops = loops
        self.redis = redis
        self.startedAt = startedAt
        let tracer = configuration.makeTracer(on: loops[0], dialect: database.dialect, metrics: metrics, logger: logger)
        self.tracer = tracer
        let observer: StatementObserver? = tracer.map { tracer in tracer.observe }
        pools = loops.map { DatabasePool(loop: $0, configuration: database, observer: observer) }
        let feed = database.dialect == .postgres ? ChangeFeed(pools: pools) : nil
        self.feed = feed
        caches = CacheGroup(loops: loops, redis: redis, feed: feed, configuration: configuration.cacheConfiguration)
        limiters = RateLimiterGroup(loops: loops, redis: redis, keyPrefix: configuration.redis.keyPrefix)
        sessions = SessionStoreGroup(loops: loops, feed: feed)
        tokens = TokenIssuer(
            keys: try await configuration.auth.tokenKeys,
            issuer: configuration.auth.issuer, audience: configuration.auth.audience,
            lifetime: configuration.auth.accessTokenLifetime)
        passwords = PasswordHasher(
            loop: loops[0], parameters: configuration.auth.hashParameters, maxConcurrent: configuration.auth.maxConcurrentHashes)
        table = Routes.table(configuration)
        try configuration.rateLimits.checkRoutes(table)
        document = DocsAssets.Asset(Routes.document(table, configuration).json, contentType: "application/json")
        self.docs = docs
        lagProbes = loops.map { LoopLagProbe(loop: $0, metrics: metrics) }
        live = LiveMonitor(loop: loops[0])
        health = HealthMonitor(
            loop: loops[0],
            probes: HealthProbes(
                pools: pools, redis: redis, jobs: JobQueue(loop: loops[0], database: pools[0]),
                dataDirectory: configuration.dataDirectory, metrics: metrics),
            logger: logger)
    }

    /// Begins to watch: health, loop lag, the live page's samples.
    func start() async {
        for probe in lagProbes { await probe.start() }
        await health.start()
        await tracer?.exporter.start()
        await live.start { await RuntimeMetrics.collect(self) }
    }

    /// Begins to hear other processes of the same PostgreSQL: their jobs wake this one's workers, what they change is cached here no more.
    func listen() {
        guard let feed, case .postgres(let endpoint) = pools[0].configuration.location else { return }
        let (caches, sessions, jobSignal) = (self.caches, self.sessions, self.jobSignal)
        let listener = PostgresListener(
            loop: loops[0], endpoint: endpoint, configuration: pools[0].configuration,
            subscriptions: [
                feed.subscription { event in
                    caches.apply(event)
                    sessions.apply(event)
                },
                PostgresSubscription(channel: JobSchema.channel) { event in
                    if case .ended = event { return }
                    jobSignal.raise()
                },
            ])
        let task = Task(executorPreference: loops[0]) { await listener.run() }
        listening.withLock { $0 = task }
    }

    private func stopListening() async {
        let task = listening.withLock { listening in
            defer { listening = nil }
            return listening
        }
        task?.cancel()
        await task?.value
    }

    /// The server that serves this backend, once it listens: for its metrics.
    var server: HTTPServer? {
        get { startedServer.withLock { $0 } }
        set { startedServer.withLock { $0 = newValue } }
    }

    /// Ends everything in the opposite order of its making. Nothing may be under way any more. Idempotent.
    func shutdown(_ progress: ShutdownProgress = ShutdownProgress()) async {
        await progress.step("the live page") { await live.stop() }
        await progress.step("the export of traces") { await tracer?.exporter.stop() }
        await progress.step("health checks") { await health.stop() }
        for probe in lagProbes { await probe.stop() }
        await progress.step("the database connection for notifications") { await stopListening() }
        await progress.step("notifications to other processes") { await feed?.shutdown() }
        await progress.step("sessions") { await sessions.shutdown() }
        await progress.step("the cache") { await caches.shutdown() }
        await progress.step("connections to Redis") { for client in redis ?? [] { await client.shutdown() } }
        await progress.step("connections to the database") { for pool in pools { await pool.shutdown() } }
    }
}

extension AppConfiguration {
    /// - Throws: ``ConfigurationError``; the URL was checked when it was read, its default is checked here.
    var databaseConfiguration: DatabaseConfiguration {
        get throws(ConfigurationError) {
            do throws(InvalidDatabaseURL) {
                var settings = try DatabaseConfiguration(url: databaseURL)
                settings.exclusiveConnections = database.poolSize
                settings.connectTimeout = database.connectTimeout
                settings.statementTimeout = database.statementTimeout
                settings.poolWait = database.poolWait
                settings.preparedStatements = database.preparedStatements
                settings.connectionMaxAge = database.connectionMaxAge == .zero ? nil : database.connectionMaxAge
                return settings
            } catch {
                throw ConfigurationError(problems: [.init(variable: "DATABASE_URL", reason: error.reason)])
            }
        }
    }

    /// Nil without Redis.
    var redisConfiguration: RedisConfiguration? {
        get throws(ConfigurationError) {
            guard let url = redis.url else { return nil }
            do throws(RedisError) {
                var settings = try RedisConfiguration(url: url)
                settings.connectTimeout = redis.connectTimeout
                settings.commandTimeout = redis.commandTimeout
                settings.breakerInterval = redis.breakerInterval
                settings.probeKey = Text("\(redis.keyPrefix)probe")
                return settings
            } catch {
                throw ConfigurationError(problems: [.init(variable: "REDIS_URL", reason: "\(error)")])
            }
        }
    }

    fileprivate var cacheConfiguration: CacheConfiguration {
        var settings = CacheConfiguration()
        settings.maxEntries = cache.maxEntries
        settings.maxBytes = cache.maxBytes
        settings.keyPrefix = redis.keyPrefix
        return settings
    }
}
