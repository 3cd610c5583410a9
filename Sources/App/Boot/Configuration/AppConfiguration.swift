// Every value that the program can be told, with its default. A value; made at boot, read everywhere, changed nowhere.
// How each is named, read and documented stands in Settings.swift.

import Actors
import Logging
import Reactor

/// Where the program runs, which decides some defaults and all refusals.
enum AppEnvironment: String, Sendable, CaseIterable {
    case development, production
}

/// The configuration. ``Settings`` reads it from flags, environment and .env.
struct AppConfiguration: Sendable {
    var environment: AppEnvironment
    var appName = "Reactor"
    var isDebug = false
    /// Whether /users and /posts at the root are open to everybody.
    var opensDirectory: Bool
    /// The folder that holds what the program keeps: database, files, generated secret, outbox.
    var dataDirectory = "data"
    /// Where Swagger UI and ReDoc are; nil means the usual places.
    var docsAssetsDirectory: String?
    var log: Log
    var server: Server
    var auth: Auth
    var cors = CORS()
    var rateLimits = RateLimits()
    var database = Database()
    var redis = Redis()
    var idempotency = Idempotency()
    var cache = CacheSettings()
    var files = Files()
    var jobs = Jobs()
    var mail = Mail()
    var tracing = Tracing()
    var admin: Admin

    init(for environment: AppEnvironment = .development) {
        self.environment = environment
        opensDirectory = environment == .development
        log = Log(format: environment == .production ? .json : .pretty)
        // Development has well-known passwords: nobody else on the network should find it.
        server = Server(host: environment == .production ? "0.0.0.0" : "127.0.0.1")
        auth = Auth(checksCommonPasswords: environment == .production)
        admin =
            environment == .production
            ? Admin()
            : Admin(email: ConfigurationRules.developmentAdminEmail, password: ConfigurationRules.developmentAdminPassword)
    }

    struct Log: Sendable {
        var format: LogFormat
        var level = Logger.Level.info
    }

    struct Server: Sendable {
        /// An IP address, or `unix:` and a path.
        var host: String
        var port = 8_000
        /// Whether other processes may listen on it too.
        var sharesPort = false
        /// Nil is one for each core.
        var loops: Int?
        /// Without them HTTP is spoken in clear.
        var tls = TLSFiles()
        /// Whether `serve` runs jobs too.
        var runsWorker = true
        var http = HTTPLimits()
        /// Bodies that are read whole: JSON and forms.
        var bodies = BodyReader.Limits()
        /// Nil is what the limit on descriptors allows, at most 10,000.
        var maxConnections: Int?
        var maxConnectionsPerAddress = 512
        /// Requests whose handlers run, of one loop; more are answered 503.
        var maxRequestsInFlight = 1_000
        /// How long a loop may be behind.
        var maxQueueAge: Duration = .milliseconds(500)
        var shutdownGrace: Duration = .seconds(30)
        /// For requests and jobs: of the whole grace a tenth, and a second at most, is for what comes after them.
        var orderlyGrace: Duration { shutdownGrace - min(shutdownGrace / 10, .seconds(1)) }
        var trustedProxies: [String] = []
    }

    struct Auth: Sendable {
        /// Empty until it is set or generated.
        var secretKey = ""
        /// Verify only.
        var previousSecretKeys: [String] = []
        var algorithm = TokenKeys.Algorithm.hs256
        /// PEM; of ES256 and EdDSA. Empty until it is set, read from its file, or generated.
        var privateKey = ""
        var privateKeyFile: String?
        var previousKeyFiles: [String] = []
        /// What is in those files, once they are read: PEM.
        var previousKeys: [String] = []
        var issuer = "reactor"
        var audience = "reactor"
        var accessTokenLifetime: Duration = .seconds(15 * 60)
        var refreshTokenLifetime: Duration = .seconds(30 * 86_400)
        var passwordResetLifetime: Duration = .seconds(30 * 60)
        var emailVerificationLifetime: Duration = .seconds(24 * 3_600)
        /// Whether registering sends a mail to verify the address; nil: where mail has a server to go to.
        var verifiesEmail: Bool?
        /// Where the links in mails lead; nil is this server.
        var publicURL: String?
        var checksCommonPasswords: Bool
        var hashMemoryKiB = 19_456
        var hashIterations = 2
        /// Password hashes under way at once: each holds its memory meanwhile.
        var maxConcurrentHashes = 4
    }

    struct CORS: Sendable {
        var origins: [String] = []
        var allowsCredentials = true

        /// With "*" there are none, whatever was asked for: production refuses the combination, development goes without.
        var sendsCredentials: Bool { allowsCredentials && !origins.contains("*") }
    }

    struct RateLimits: Sendable {
        var isEnabled = true
        var strict = RateLimitAllowance(limit: 10, window: .seconds(60))
        var moderate = RateLimitAllowance(limit: 60, window: .seconds(60))
        var products = RateLimitAllowance(limit: 10, window: .seconds(60))
        var login = RateLimitAllowance(limit: 5, window: .seconds(60))
        /// Single routes that allow something else than their tier.
        var routes: [RouteAllowance] = []
        var mail = RateLimitAllowance(limit: 5, window: .seconds(15 * 60))
    }

    struct Database: Sendable {
        /// Nil is `sqlite:` and `reactor.db` in the data folder.
        var url: String?
        /// Connections for transactions of one loop.
        var poolSize = 4
        var poolWait: Duration = .seconds(2)
        var preparedStatements = PreparedStatements.auto
        /// Zero is never.
        var connectionMaxAge: Duration = .seconds(3_600)
        var connectTimeout: Duration = .seconds(3)
        var statementTimeout: Duration = .seconds(5)
    }

    struct Redis: Sendable {
        /// Nil is no Redis: cache and limits are kept in this process.
        var url: String?
        var connectTimeout: Duration = .milliseconds(500)
        var commandTimeout: Duration = .milliseconds(100)
        var breakerInterval: Duration = .seconds(5)
        /// What every key begins with: programs that share a Redis are told apart by it.
        var keyPrefix = "reactor:"
    }

    struct CacheSettings: Sendable {
        var maxEntries = 65_536
        var maxBytes = 64 << 20
        var taskListLifetime: Duration = .seconds(300)
        var productListLifetime: Duration = .seconds(60)
        var userListLifetime: Duration = .seconds(60)
    }

    struct Idempotency: Sendable {
        /// For how long an answer is replayed to whoever sends its key again.
        var lifetime: Duration = .seconds(86_400)
        /// Of a larger answer, only that it was given is kept.
        var maxAnswerBytes = 1 << 20
    }

    struct Files: Sendable {
        var maxUploadBytes = 5 << 20
        /// Of all files of a user together.
        var quotaBytes = 100 << 20
        /// How old a file without a row must be to be swept: a younger one may be about to get its row.
        var sweepGrace: Duration = .seconds(3_600)
    }

    struct Jobs: Sendable {
        var lease: Duration = .seconds(30)
        var maxAttempts = 5
        /// How often a worker looks for work that nobody told it about.
        var pollInterval: Duration = .seconds(1)
        /// Jobs of one worker at once.
        var concurrency = 4
        /// When expired sessions, tokens and jobs are removed, UTC.
        var maintenanceCron = CronExpression.daily(hour: 3)
        /// For how long a job that has ended is kept.
        var retention: Duration = .seconds(30 * 86_400)
        var events = JobEventStream.Settings()
    }

    struct Mail: Sendable {
        /// Nil is no mail server: mails are put into `outbox` in the data folder.
        var url: String?
        /// The address that mails come from.
        var from = "noreply@localhost.localdomain"
        var startTLS = SMTPServer.StartTLS.opportunistic
        /// Nil is what the system trusts.
        var certificateAuthorities: String?
        var connectTimeout: Duration = .seconds(5)
        var timeout: Duration = .seconds(30)
    }

    struct Tracing: Sendable {
        /// A collector's base URL; nil is no tracing.
        var endpoint: String?
        /// The share of traces that begin here and are kept.
        var ratio = 1.0
        /// Nil is the application's name.
        var serviceName: String?
        /// Sent along with spans: a collector's keys, as a rule.
        var headers: [String] = []
    }

    /// Whom `seed-admin` creates.
    struct Admin: Sendable {
        var email = ""
        var password = ""
    }
}

/// So many requests in so much time.
struct RateLimitAllowance: Sendable, Hashable {
    let limit: Int
    let window: Duration
}

extension SettingKind where Value == RateLimitAllowance {
    /// `60/60s`, `5/1m`.
    static let allowance = SettingKind(
        form: "requests and time, such as 60/60s",
        parseIfValid: { text in
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let limit = Int(parts[0].trimmed), (1...1_000_000_000).contains(limit),
                let window = DurationText.parse(String(parts[1].trimmed)), window >= .milliseconds(1), window <= .seconds(366 * 86_400)
            else { return nil }
            return RateLimitAllowance(limit: limit, window: window)
        },
        render: { "\($0.limit)/\(DurationText.render($0.window))" })
}

extension AppConfiguration {
    /// What a URL of the database says, with the default's path made of the data folder.
    var databaseURL: String { database.url ?? "sqlite:\(dataDirectory)/reactor.db" }
}
