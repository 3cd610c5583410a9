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
            Setting("OPEN_DIRECTORY", \.opensDirectory, .flag, "Whether /users and /posts at the root ask for no token"),
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
            Setting(
                "REUSE_PORT", \.server.sharesPort, .flag, "Whether other processes may listen on the same port, to share its connections"),
            Setting("LOOPS", \.server.loops, .optional(.integer(1...1_024), absent: "one a core"), "Event loops, each a thread"),
            Setting(
                "TLS_CERT", \.server.tls.certificate, .optional(.path, absent: "none: HTTP in clear"),
                "PEM file of the certificate and those behind it; SIGHUP reads it again"),
            Setting("TLS_KEY", \.server.tls.key, .optional(.path, absent: "none: HTTP in clear"), "PEM file of the certificate's key"),
            Setting("WORKER", \.server.runsWorker, .flag, "Whether serve runs jobs too"),
            Setting(
                "TRUSTED_PROXIES", \.server.trustedProxies, .addresses,
                "Networks whose Forwarded, X-Forwarded-For and traceparent are believed"),
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
                "For how long requests in flight are waited for when the server stops; then it ends, whatever hangs")),
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
            Setting("MAX_BODY_BYTES", \.server.bodies.maxBytes, .bytes(1_024...(1 << 30)), "A larger JSON or form body is 413"),
            Setting("MAX_JSON_DEPTH", \.server.bodies.maxJSONDepth, .integer(1...512), "JSON nested deeper is 422"),
            Setting("MAX_UPLOAD_BYTES", \.files.maxUploadBytes, .bytes(1...(1 << 40)), "A larger upload is 413"),
            Setting("UPLOAD_QUOTA_BYTES", \.files.quotaBytes, .bytes(1...(1 << 50)), "All files of a user together; more is 507"),
            Setting(
                "UPLOAD_SWEEP_GRACE", \.files.sweepGrace, .duration(.seconds(60)...(.seconds(366 * 86_400))),
                "How old a file must be to be removed because no row tells of it")),
        SettingGroup(
            "HTTP timeouts",
            Setting("TLS_HANDSHAKE_TIMEOUT", \.server.http.tlsHandshakeTimeout, .timeout, "For a TLS handshake"),
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
            Setting(
                "SECRET_KEY_PREVIOUS", \.auth.previousSecretKeys, .secrets, visibility: .secret,
                "Secrets that only verify: the ones before a change of SECRET_KEY, until the last token that they signed has expired"),
            Setting("JWT_ALGORITHM", \.auth.algorithm, .choice(), "How tokens are signed; no other algorithm is accepted"),
            Setting(
                "JWT_PRIVATE_KEY_FILE", \.auth.privateKeyFile, .optional(.path, absent: "none"),
                "The PEM file of the key that ES256 (P-256) or EdDSA (Ed25519) signs with; made and kept in DATA_DIR in development"),
            Setting(
                "JWT_PRIVATE_KEY", \.auth.privateKey, .text, visibility: .secret,
                "The PEM itself, where there is no file; line breaks may be written \\n"),
            Setting(
                "JWT_PREVIOUS_KEY_FILES", \.auth.previousKeyFiles, .list,
                "PEM files of keys that only verify, public or private: the ones before a change of the private key"),
            Setting("JWT_ISSUER", \.auth.issuer, .text, "The iss of tokens"),
            Setting("JWT_AUDIENCE", \.auth.audience, .text, "The aud of tokens"),
            Setting(
                "ACCESS_TOKEN_EXPIRE_MINUTES", \.auth.accessTokenLifetime, .count(of: .seconds(60), called: "minutes", 1...525_600),
                "For how long an access token is good"),
            Setting(
                "REFRESH_TOKEN_EXPIRE_DAYS", \.auth.refreshTokenLifetime, .count(of: .seconds(86_400), called: "days", 1...3_650),
                "For how long a refresh token is good"),
            Setting(
                "PASSWORD_RESET_EXPIRE_MINUTES", \.auth.passwordResetLifetime, .count(of: .seconds(60), called: "minutes", 1...10_080),
                "For how long a mailed token resets a password"),
            Setting(
                "EMAIL_VERIFICATION_EXPIRE_HOURS", \.auth.emailVerificationLifetime,
                .count(of: .seconds(3_600), called: "hours", 1...8_760), "For how long a mailed token verifies an address"),
            Setting(
                "EMAIL_VERIFICATION", \.auth.verifiesEmail, .optional(.flag, absent: "true with SMTP_URL, else false"),
                "Whether a new address is sent a mail to verify it"),
            Setting(
                "PUBLIC_URL", \.auth.publicURL, .optional(.webURL, absent: "http://HOST:PORT"), visibility: .guarded,
                "Where the links in mails lead: to /reset-password and /verify-email below it, with #token="),
            Setting("PASSWORD_CHECK_COMMON", \.auth.checksCommonPasswords, .flag, "Refuses well-known passwords"),
            Setting("PASSWORD_HASH_MEMORY_KIB", \.auth.hashMemoryKiB, .integer(8...1_048_576), "Argon2id's memory, in KiB"),
            Setting("PASSWORD_HASH_ITERATIONS", \.auth.hashIterations, .integer(1...64), "Argon2id's passes"),
            Setting(
                "MAX_CONCURRENT_HASHES", \.auth.maxConcurrentHashes, .integer(1...7),
                "Password hashes at once, of all loops together; others wait"),
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
            Setting("RATE_LIMIT_PRODUCTS", \.rateLimits.products, .allowance, "The list of products, of a user"),
            Setting("RATE_LIMIT_ROUTES", \.rateLimits.routes, .routeAllowances, "Single routes, whatever their tier allows"),
            Setting("RATE_LIMIT_LOGIN", \.rateLimits.login, .allowance, "Logins, of a name and an address"),
            Setting("RATE_LIMIT_MAIL", \.rateLimits.mail, .allowance, "Mails asked for, to an address and by a client")),
        SettingGroup(
            "Database",
            Setting(
                "DATABASE_URL", \.database.url, .optional(.databaseURL, absent: "sqlite:DATA_DIR/reactor.db"), visibility: .guarded,
                "SQLite or PostgreSQL"),
            Setting(
                "DATABASE_POOL_SIZE", \.database.poolSize, .integer(1...1_000), "Connections of one loop that may be in a transaction"),
            Setting("DATABASE_POOL_WAIT", \.database.poolWait, .timeout, "For a free connection: 503"),
            Setting(
                "DATABASE_PREPARED_STATEMENTS", \.database.preparedStatements, .choice(),
                "PostgreSQL: whether statements are prepared; off behind a transaction pooler, which auto finds out"),
            Setting(
                "DATABASE_CONNECTION_MAX_AGE", \.database.connectionMaxAge, .duration(.zero...(.seconds(366 * 86_400))),
                "PostgreSQL: an older connection is replaced, after what it is doing; 0s is never"),
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
            Setting("CACHE_TTL_PRODUCTS", \.cache.productListLifetime, .timeout, "For how long lists of products are cached"),
            Setting("CACHE_TTL_TASKS", \.cache.taskListLifetime, .timeout, "For how long lists of tasks are cached"),
            Setting("CACHE_TTL_USERS", \.cache.userListLifetime, .timeout, "For how long lists of the open directory are cached")),
        SettingGroup(
            "Idempotency keys",
            Setting(
                "IDEMPOTENCY_KEY_LIFETIME", \.idempotency.lifetime, .timeout,
                "For how long an answer is replayed to whoever sends its Idempotency-Key again"),
            Setting(
                "IDEMPOTENCY_MAX_ANSWER_BYTES", \.idempotency.maxAnswerBytes, .bytes(0...(16 << 20)),
                "Of a larger answer the body is not kept")),
        SettingGroup(
            "Jobs",
            Setting("JOB_LEASE", \.jobs.lease, .timeout, "For how long a job is a worker's without a sign of life"),
            Setting("JOB_MAX_ATTEMPTS", \.jobs.maxAttempts, .integer(1...1_000), "Runs before a job is given up"),
            Setting("JOB_POLL_INTERVAL", \.jobs.pollInterval, .timeout, "How often a worker looks for jobs"),
            Setting("JOB_CONCURRENCY", \.jobs.concurrency, .integer(1...1_000), "Jobs of a worker at once"),
            Setting(
                "JOB_MAINTENANCE_CRON", \.jobs.maintenanceCron, .cron, "When expired sessions, tokens and jobs are removed, in UTC"),
            Setting("JOB_RETENTION", \.jobs.retention, .timeout, "For how long a job that has ended is kept"),
            Setting(
                "JOB_EVENT_INTERVAL", \.jobs.events.interval, .timeout, "How often a stream of events looks whether its job has moved"),
            Setting("JOB_EVENT_HEARTBEAT", \.jobs.events.heartbeat, .timeout, "How often a stream without events shows that it lives"),
            Setting("JOB_EVENT_MAX_AGE", \.jobs.events.maxAge, .timeout, "After this a stream ends; its client takes it up again"),
            Setting("JOB_EVENT_STREAMS", \.jobs.events.maxPerUser, .integer(1...10_000), "Streams of one user at once; more get 429")),
        SettingGroup(
            "Mail",
            Setting(
                "SMTP_URL", \.mail.url, .optional(.smtpURL, absent: "none: mails are put into DATA_DIR/outbox"), visibility: .guarded,
                "The server that takes mail"),
            Setting("MAIL_FROM", \.mail.from, .emailAddress, "The address that mails come from"),
            Setting("SMTP_STARTTLS", \.mail.startTLS, .choice(), "Whether a connection that begins without TLS goes over to it"),
            Setting(
                "SMTP_CA_FILE", \.mail.certificateAuthorities, .optional(.path, absent: "the system's"),
                "The certificates that the server's is checked with"),
            Setting("SMTP_CONNECT_TIMEOUT", \.mail.connectTimeout, .timeout, "For a connection to be made"),
            Setting("SMTP_TIMEOUT", \.mail.timeout, .timeout, "For a mail to be taken")),
        SettingGroup(
            "Tracing",
            Setting(
                "OTEL_EXPORTER_OTLP_ENDPOINT", \.tracing.endpoint, .optional(.webURL, absent: "none: nothing is traced"),
                visibility: .guarded,
                "Where spans are sent, by OTLP in JSON to /v1/traces below it"),
            Setting(
                "OTEL_EXPORTER_OTLP_HEADERS", \.tracing.headers, .headerList, visibility: .secret,
                "Header fields that go along, such as a collector's key"),
            Setting(
                "OTEL_SERVICE_NAME", \.tracing.serviceName, .optional(.text, absent: "APP_NAME"), "What the service is called in traces"),
            Setting(
                "OTEL_TRACES_SAMPLER_ARG", \.tracing.ratio, .share,
                "The share of traces that is kept; one that a peer in TRUSTED_PROXIES hands on is kept if its beginning is")),
    ]
}

extension SettingKind where Value == Duration {
    /// From a millisecond to a year.
    static let timeout = duration(.milliseconds(1)...(.seconds(366 * 86_400)))
}
