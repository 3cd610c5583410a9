// Every setting there is, in one list: what is read, what `reactor config` prints and what the documentation says. The defaults
// are those of AppConfiguration.

import Logging
import Reactor

/// The settings of the program.
enum Settings {
    static let all: [Setting] = groups.flatMap(\.settings)

    static let groups: [SettingGroup] = [
        SettingGroup(
            "Application",
            Setting("APP_ENV", \.environment, .choice(), "Decides some defaults; production refuses unsafe settings"),
            Setting("APP_NAME", aliases: ["PROJECT_NAME"], \.appName, .text, "The name in documents and pages"),
            Setting("DEBUG", \.isDebug, .flag, "Logs more; refused in production"),
            Setting("DATA_DIR", \.dataDirectory, .path, "The folder of what the program keeps: database, files, generated secret"),
            Setting(
                "DOCS_ASSETS_DIR", \.docsAssetsDirectory, .optional(.path, absent: "beside the program"),
                "The folder with Swagger UI and ReDoc"),
            Setting("LOG_LEVEL", \.log.level, .choice(), "The least important events that are logged"),
            Setting("LOG_FORMAT", \.log.format, .choice(), "Text for people, or a JSON object a line")),
        SettingGroup(
            "Server",
            Setting("HOST", \.server.host, .text, "The IP address to listen on, or unix:PATH"),
            Setting("PORT", \.server.port, .integer(0...65_535), "The port to listen on; 0 lets the kernel choose"),
            Setting("LOOPS", \.server.loops, .optional(.integer(1...1_024), absent: "one a core"), "Event loops, each a thread"),
            Setting("WORKER", \.server.runsWorker, .flag, "Whether serve runs jobs too"),
            Setting("TRUSTED_PROXIES", \.server.trustedProxies, .addresses, "Networks whose Forwarded and X-Forwarded-For are believed"),
            Setting(
                "MAX_CONNECTIONS", \.server.maxConnections, .optional(.integer(1...1_000_000), absent: "by the limit on descriptors"),
                "Connections of all loops together"),
            Setting(
                "MAX_CONNECTIONS_PER_ADDRESS", \.server.maxConnectionsPerAddress, .integer(1...1_000_000),
                "Connections of one client address"),
            Setting(
                "MAX_REQUESTS_IN_FLIGHT", \.server.maxRequestsInFlight, .integer(1...1_000_000),
                "Requests of one loop that are being answered; more get 503"),
            Setting(
                "MAX_QUEUE_AGE", \.server.maxQueueAge, .duration(.milliseconds(1)...(.seconds(60))),
                "Requests that a busy loop left waiting for longer get 503"),
            Setting(
                "SHUTDOWN_GRACE", \.server.shutdownGrace, .duration(.zero...(.seconds(3_600))),
                "For how long requests in flight are waited for when the server stops")),
        SettingGroup(
            "HTTP limits",
            // The parser keeps 16-bit offsets into a head: both together must stay below 64 KiB.
            Setting("MAX_REQUEST_LINE_BYTES", \.server.http.maxRequestLineBytes, .bytes(256...16_384), "A longer request line is 414"),
            Setting("MAX_HEADER_BYTES", \.server.http.maxHeaderBytes, .bytes(1_024...32_768), "A longer header section is 431"),
            Setting("MAX_HEADER_FIELDS", \.server.http.maxHeaderFields, .integer(8...10_000), "More header fields are 431"),
            Setting(
                "MAX_CHUNK_EXTENSION_BYTES", \.server.http.maxChunkExtensionBytes, .bytes(0...(1 << 20)),
                "Chunk extensions of a body, all together"),
            Setting("MAX_TRAILER_BYTES", \.server.http.maxTrailerBytes, .bytes(0...(1 << 20)), "Trailers of a body"),
            Setting(
                "MAX_REQUESTS_PER_CONNECTION", \.server.http.maxRequestsPerConnection, .integer(1...Int.max),
                "After so many requests a connection is closed"),
            Setting(
                "MAX_PIPELINED_REQUESTS", \.server.http.maxPipelinedRequests, .integer(1...1_024),
                "Unanswered requests of a connection after which reading stops"),
            Setting(
                "MAX_DISCARDED_BYTES", \.server.http.maxDiscardedBytes, .bytes(0...(1 << 30)),
                "What is read of a body that nobody wants before the connection is closed"),
            Setting("MAX_UPLOAD_BYTES", \.files.maxUploadBytes, .bytes(1...(1 << 40)), "A larger upload is 413")),
        SettingGroup(
            "HTTP timeouts",
            Setting("HEADER_TIMEOUT", \.server.http.headerTimeout, .timeout, "From a request's first byte to the end of its head: 408"),
            Setting("BODY_IDLE_TIMEOUT", \.server.http.bodyIdleTimeout, .timeout, "Between two pieces of a body: 408"),
            Setting(
                "MIN_BODY_BYTES_PER_SECOND", \.server.http.minBodyBytesPerSecond, .integer(0...(1 << 30)),
                "A body that comes slower is 408"),
            Setting("BODY_RATE_GRACE", \.server.http.bodyRateGrace, .timeout, "For how long it may be slower at first"),
            Setting(
                "LINGER_TIMEOUT", \.server.http.lingerTimeout, .timeout, "For reading what nobody wants before a connection is closed"),
            Setting("KEEP_ALIVE_TIMEOUT", \.server.http.keepAliveTimeout, .timeout, "Between two requests of a connection"),
            Setting("WRITE_STALL_TIMEOUT", \.server.http.writeStallTimeout, .timeout, "For a client that reads nothing"),
            Setting("HANDLER_TIMEOUT", \.server.http.handlerTimeout, .timeout, "For an answer: 503")),
        SettingGroup(
            "Authentication",
            Setting(
                "SECRET_KEY", aliases: ["JWT_SECRET_KEY", "JWT_SECRET"], \.auth.secretKey, .text, visibility: .secret,
                "Signs tokens: at least 32 random bytes; made and kept in DATA_DIR in development"),
            Setting("JWT_ALGORITHM", \.auth.algorithm, .choice(), "How tokens are signed"),
            Setting("JWT_ISSUER", \.auth.issuer, .text, "The iss of tokens"),
            Setting("JWT_AUDIENCE", \.auth.audience, .text, "The aud of tokens"),
            Setting(
                "ACCESS_TOKEN_EXPIRE_MINUTES", \.auth.accessTokenLifetime, .count(of: .seconds(60), called: "minutes", 1...525_600),
                "For how long an access token is good"),
            Setting(
                "REFRESH_TOKEN_EXPIRE_DAYS", \.auth.refreshTokenLifetime, .count(of: .seconds(86_400), called: "days", 1...3_650),
                "For how long a refresh token is good"),
            Setting("PASSWORD_CHECK_COMMON", \.auth.checksCommonPasswords, .flag, "Refuses well-known passwords"),
            Setting("PASSWORD_HASH_MEMORY_KIB", \.auth.hashMemoryKiB, .integer(8...1_048_576), "Argon2id's memory, in KiB"),
            Setting("PASSWORD_HASH_ITERATIONS", \.auth.hashIterations, .integer(1...64), "Argon2id's passes"),
            Setting(
                "MAX_CONCURRENT_HASHES", \.auth.maxConcurrentHashes, .integer(1...7),
                "Password hashes at once, of all loops together; others wait. Fewer than the pool's eight threads: files need some"),
            Setting("ADMIN_EMAIL", \.admin.email, .text, "Whom seed-admin makes an administrator"),
            Setting("ADMIN_PASSWORD", \.admin.password, .text, visibility: .secret, "The administrator's first password")),
        SettingGroup(
            "CORS",
            Setting("BACKEND_CORS_ORIGINS", \.cors.origins, .list, "Origins whose pages may call the API; \"*\" is all"),
            Setting("CORS_ALLOW_CREDENTIALS", \.cors.allowsCredentials, .flag, "Whether they may send cookies and credentials")),
        SettingGroup(
            "Rate limits",
            Setting("RATE_LIMIT_ENABLED", \.rateLimits.isEnabled, .flag, "Off for load tests only"),
            Setting("RATE_LIMIT_STRICT", \.rateLimits.strict, .allowance, "Writes, of a user or address and a route"),
            Setting("RATE_LIMIT_MODERATE", \.rateLimits.moderate, .allowance, "Reads, of a user or address and a route"),
            Setting("RATE_LIMIT_LOGIN", \.rateLimits.login, .allowance, "Logins, of a name and an address")),
        SettingGroup(
            "Database",
            Setting(
                "DATABASE_URL", \.database.url, .optional(.databaseURL, absent: "sqlite:DATA_DIR/reactor.db"), visibility: .guarded,
                "SQLite or PostgreSQL"),
            Setting(
                "DATABASE_POOL_SIZE", \.database.poolSize, .integer(1...1_000), "Connections of one loop that may be in a transaction"),
            Setting("DATABASE_POOL_WAIT", \.database.poolWait, .timeout, "For a free connection: 503"),
            Setting("DATABASE_CONNECT_TIMEOUT", \.database.connectTimeout, .timeout, "For a connection to be made"),
            Setting("DATABASE_STATEMENT_TIMEOUT", \.database.statementTimeout, .timeout, "For a statement: 503")),
        SettingGroup(
            "Redis and cache",
            Setting(
                "REDIS_URL", \.redis.url, .optional(.redisURL, absent: "none: cache and limits in the process"), visibility: .guarded,
                "Shares cache and limits between processes"),
            Setting("REDIS_CONNECT_TIMEOUT", \.redis.connectTimeout, .timeout, "For a connection to be made"),
            Setting("REDIS_COMMAND_TIMEOUT", \.redis.commandTimeout, .timeout, "For a command, after which it is done without"),
            Setting("REDIS_BREAKER_INTERVAL", \.redis.breakerInterval, .timeout, "For how long a Redis that fails is left alone"),
            Setting("REDIS_KEY_PREFIX", \.redis.keyPrefix, .text, "What every key in Redis begins with"),
            Setting("CACHE_MAX_ENTRIES", \.cache.maxEntries, .integer(1...Int.max), "Entries of the cache in the process"),
            Setting("CACHE_MAX_BYTES", \.cache.maxBytes, .bytes(1...(1 << 40)), "Size of the cache in the process"),
            Setting("CACHE_TTL_TASKS", \.cache.taskListLifetime, .timeout, "For how long lists of tasks are cached")),
        SettingGroup(
            "Jobs",
            Setting("JOB_LEASE", \.jobs.lease, .timeout, "For how long a job is a worker's without a sign of life"),
            Setting("JOB_MAX_ATTEMPTS", \.jobs.maxAttempts, .integer(1...1_000), "Runs before a job is given up"),
            Setting("JOB_POLL_INTERVAL", \.jobs.pollInterval, .timeout, "How often a worker looks for jobs"),
            Setting("JOB_CONCURRENCY", \.jobs.concurrency, .integer(1...1_000), "Jobs of a worker at once"),
            Setting("JOB_MAINTENANCE_INTERVAL", \.jobs.maintenanceInterval, .timeout, "How often expired sessions and tokens are removed")),
    ]
}

extension SettingKind where Value == Duration {
    /// From a millisecond to a year.
    static let timeout = duration(.milliseconds(1)...(.seconds(366 * 86_400)))
}
