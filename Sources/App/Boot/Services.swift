// What a request on one loop can reach: that loop's slice of the backend, and the features' services made of it. A value of lets;
// used on its loop.

import Actors
import Logging
import Reactor

/// The services of one loop.
final class Services: Sendable {
    let loop: EventLoop
    /// What all loops share.
    let backend: Backend
    let database: DatabasePool
    let redis: RedisClient?
    let cache: Cache
    let limiter: RateLimiter
    let sessions: SessionStore
    let offload: Offload
    let fileStore: FileStore
    let files: FileService
    let jobs: JobQueue
    /// What people see of the queue.
    let background: JobService
    let mailer: any Mailer
    let tokens: TokenIssuer
    let auth: AuthService
    let tasks: TaskService
    let products: ProductService
    let posts: PostService
    let users: UserService
    let idempotency: IdempotencyService

    /// - Parameter loop: one of the backend's.
    init(of backend: Backend, on loop: EventLoop) {
        let configuration = backend.configuration
        self.loop = loop
        self.backend = backend
        database = backend.pools[loop.index]
        redis = backend.redis?[loop.index]
        cache = backend.caches[loop]
        limiter = backend.limiters[loop]
        sessions = backend.sessions[loop]
        offload = Offload(loop: loop)
        fileStore = FileStore(
            loop: loop, root: "\(configuration.dataDirectory)/files", maxFileBytes: configuration.files.maxUploadBytes)
        files = FileService(database: database, store: fileStore, quotaBytes: configuration.files.quotaBytes)
        jobs = JobQueue(
            loop: loop, database: database,
            policy: JobPolicy(maxAttempts: configuration.jobs.maxAttempts, lease: configuration.jobs.lease),
            signal: backend.jobSignal)
        background = JobService(
            queue: jobs, database: database,
            authenticator: TokenAuthenticator(store: sessions, tokens: backend.tokens, database: database),
            streams: backend.jobStreams, eventSettings: configuration.jobs.events)
        mailer =
            backend.mailServer.map { server in
                SMTPMailer(client: SMTPClient(loop: loop, server: server), sender: configuration.mailSender)
            } ?? OutboxMailer(loop: loop, directory: configuration.outboxDirectory, sender: configuration.mailSender)
        tokens = backend.tokens
        users = UserService(
            database: database, lists: UserLists(cache: cache, lifetime: configuration.cache.userListLifetime),
            passwords: backend.passwords, sessions: backend.sessions,
            verification: VerificationMail(jobs: jobs, isWanted: configuration.sendsVerificationMails),
            checksCommonPasswords: configuration.auth.checksCommonPasswords)
        auth = AuthService(
            database: database,
            passwords: backend.passwords, tokens: tokens, sessions: backend.sessions, limiter: limiter, jobs: jobs, users: users,
            settings: AuthService.Settings(
                refreshTokenLifetime: configuration.auth.refreshTokenLifetime,
                loginRule: configuration.rateLimits.loginRule, mailRule: configuration.rateLimits.mailRule))
        idempotency = IdempotencyService(
            database: database, digest: IdempotencyDigest(secret: configuration.auth.secretKey),
            lifetime: configuration.idempotency.lifetime, lease: configuration.server.http.handlerTimeout + .seconds(30),
            maxAnswerBytes: configuration.idempotency.maxAnswerBytes)
        tasks = TaskService(database: database, cache: cache, offload: offload, listLifetime: configuration.cache.taskListLifetime)
        products = ProductService(database: database, cache: cache, listLifetime: configuration.cache.productListLifetime)
        posts = PostService(
            database: database, users: users,
            totals: ListTotals(cache: cache, namespace: PostService.namespace, lifetime: configuration.cache.userListLifetime))
    }

    var configuration: AppConfiguration { backend.configuration }
    var logger: Logger { backend.logger }
}

extension AppConfiguration.Auth {
    var hashParameters: Argon2Parameters {
        Argon2Parameters(memoryKiB: UInt32(hashMemoryKiB), passes: UInt32(hashIterations), lanes: 1)
    }
}

extension AppConfiguration.RateLimits {
    /// What each tier allows; nothing is limited where limits are off.
    var rules: [RateLimitTier: RateLimitRule] {
        guard isEnabled else { return [:] }
        return [.strict: rule(.strict, strict), .moderate: rule(.moderate, moderate), .products: rule(.products, products)]
    }

    /// What single routes allow; nil is no limit. Empty where limits are off.
    var routeRules: [String: RateLimitRule?] {
        guard isEnabled else { return [:] }
        return Dictionary(
            routes.map { entry in
                (entry.route, entry.allowance.map { RateLimitRule(name: "route", limit: $0.limit, window: $0.window) })
            }, uniquingKeysWith: { $1 })
    }

    /// Logins, per name and address. Guards passwords, so it is counted in the process too.
    var loginRule: RateLimitRule? {
        isEnabled ? RateLimitRule(name: "login", limit: login.limit, window: login.window, countsLocallyToo: true) : nil
    }

    /// Mails, per address and client: somebody else's mailbox is not ours to fill.
    var mailRule: RateLimitRule? {
        isEnabled ? RateLimitRule(name: "mail", limit: mail.limit, window: mail.window, countsLocallyToo: true) : nil
    }

    private func rule(_ tier: RateLimitTier, _ allowance: RateLimitAllowance) -> RateLimitRule {
        RateLimitRule(name: tier.name, limit: allowance.limit, window: allowance.window)
    }
}
