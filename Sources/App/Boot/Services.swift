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
    let files: FileStore
    let jobs: JobQueue
    let tokens: TokenIssuer
    let auth: AuthService
    let tasks: TaskService

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
        files = FileStore(
            loop: loop, root: "\(configuration.dataDirectory)/files", maxFileBytes: configuration.files.maxUploadBytes)
        jobs = JobQueue(
            loop: loop, database: database,
            policy: JobPolicy(maxAttempts: configuration.jobs.maxAttempts, lease: configuration.jobs.lease))
        tokens = backend.tokens
        auth = AuthService(
            database: database,
            passwords: backend.passwords, tokens: tokens, sessions: backend.sessions, limiter: limiter,
            settings: AuthService.Settings(
                refreshTokenLifetime: configuration.auth.refreshTokenLifetime,
                checksCommonPasswords: configuration.auth.checksCommonPasswords, loginRule: configuration.rateLimits.loginRule))
        tasks = TaskService(database: database, cache: cache, listLifetime: configuration.cache.taskListLifetime)
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
        return [.strict: rule(.strict, strict), .moderate: rule(.moderate, moderate)]
    }

    /// Logins, per name and address. Guards passwords, so it is counted in the process too.
    var loginRule: RateLimitRule? {
        isEnabled ? RateLimitRule(name: "login", limit: login.limit, window: login.window, countsLocallyToo: true) : nil
    }

    private func rule(_ tier: RateLimitTier, _ allowance: RateLimitAllowance) -> RateLimitRule {
        RateLimitRule(name: tier.name, limit: allowance.limit, window: allowance.window)
    }
}
