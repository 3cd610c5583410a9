// Every value that the program can be told, with its default. A value; made at boot, read everywhere, changed nowhere.
// How each is named, read and documented stands in Settings.swift.

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
    var cache = CacheSettings()
    var files = Files()
    var jobs = Jobs()
    var admin: Admin

    init(for environment: AppEnvironment = .development) {
        self.environment = environment
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
        /// Nil is one for each core.
        var loops: Int?
        /// Whether `serve` runs jobs too.
        var runsWorker = true
        var http = HTTPLimits()
        /// Nil is what the limit on descriptors allows, at most 10,000.
        var maxConnections: Int?
        var maxConnectionsPerAddress = 512
        /// Requests whose handlers run, of one loop; more are answered 503.
        var maxRequestsInFlight = 1_000
        /// How long a loop may be behind.
        var maxQueueAge: Duration = .milliseconds(500)
        var shutdownGrace: Duration = .seconds(30)
        var trustedProxies: [String] = []
    }

    struct Auth: Sendable {
        /// Empty until it is set or generated.
        var secretKey = ""
        var algorithm = TokenKeys.Algorithm.hs256
        var issuer = "reactor"
        var audience = "reactor"
        var accessTokenLifetime: Duration = .seconds(15 * 60)
        var refreshTokenLifetime: Duration = .seconds(30 * 86_400)
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
        var login = RateLimitAllowance(limit: 5, window: .seconds(60))
    }

    struct Database: Sendable {
        /// Nil is `sqlite:` and `reactor.db` in the data folder.
        var url: String?
        /// Connections for transactions of one loop.
        var poolSize = 4
        var poolWait: Duration = .seconds(2)
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
    }

    struct Files: Sendable {
        var maxUploadBytes = 5 << 20
    }

    struct Jobs: Sendable {
        var lease: Duration = .seconds(30)
        var maxAttempts = 5
        /// How often a worker looks for work that nobody told it about.
        var pollInterval: Duration = .seconds(1)
        /// Jobs of one worker at once.
        var concurrency = 4
        var maintenanceInterval: Duration = .seconds(3_600)
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
