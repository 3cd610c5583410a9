// What a configuration must not be, beyond each value being valid by itself. Pure.

/// The refusals: of settings that do not go together, and of what production must not be.
enum ConfigurationRules {
    static let minSecretBytes = 32
    /// The administrator of development, and of no other place.
    static let developmentAdminEmail = "admin@local.com"
    static let developmentAdminPassword = "admin123456"

    /// - Throws: ``ConfigurationError`` with everything that is wrong; a secret's value is in none of it.
    static func check(_ configuration: AppConfiguration) throws(ConfigurationError) {
        var problems = everywhere(configuration)
        if configuration.environment == .production { problems += production(configuration) }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    }

    private static func everywhere(_ configuration: AppConfiguration) -> [ConfigurationError.Problem] {
        switch (configuration.server.tls.certificate, configuration.server.tls.key) {
        case (_?, nil): [.init(variable: "TLS_KEY", reason: "TLS_CERT is set; a certificate is of no use without its key")]
        case (nil, _?): [.init(variable: "TLS_CERT", reason: "TLS_KEY is set; a key is of no use without its certificate")]
        case (nil, nil), (_?, _?): []
        }
    }

    private static func production(_ configuration: AppConfiguration) -> [ConfigurationError.Problem] {
        var problems: [ConfigurationError.Problem] = []
        problems += keyProblems(configuration.auth)
        // The browser would refuse it too (Fetch, 3.2.5): beside credentials "*" is no wildcard.
        if configuration.cors.allowsCredentials, configuration.cors.origins.contains("*") {
            problems.append(
                .init(
                    variable: "BACKEND_CORS_ORIGINS",
                    reason: "\"*\" cannot go together with credentials; list the origins, or set CORS_ALLOW_CREDENTIALS=false"))
        }
        if configuration.isDebug {
            problems.append(.init(variable: "DEBUG", reason: "it must be off in production"))
        }
        if configuration.admin.email.lowercased() == developmentAdminEmail {
            problems.append(.init(variable: "ADMIN_EMAIL", reason: "the default of development is refused in production"))
        }
        if configuration.admin.password == developmentAdminPassword {
            problems.append(.init(variable: "ADMIN_PASSWORD", reason: "the default of development is refused in production"))
        }
        return problems
    }

    /// What is wrong with the keys. Whether a PEM is one shows when it is read.
    private static func keyProblems(_ auth: AppConfiguration.Auth) -> [ConfigurationError.Problem] {
        var problems: [ConfigurationError.Problem] = []
        // Whatever signs the tokens: Idempotency-Key's digests are made with it too.
        if let reason = weakness(ofSecret: auth.secretKey) { problems.append(.init(variable: "SECRET_KEY", reason: reason)) }
        // Whoever knows one that still verifies signs with it.
        if auth.algorithm.isSymmetric, let reason = auth.previousSecretKeys.lazy.compactMap(weakness(ofSecret:)).first {
            problems.append(.init(variable: "SECRET_KEY_PREVIOUS", reason: "one of them: \(reason)"))
        }
        if !auth.algorithm.isSymmetric, auth.privateKey.isEmpty, auth.privateKeyFile == nil {
            problems.append(
                .init(variable: "JWT_PRIVATE_KEY_FILE", reason: "it must be set in production for \(auth.algorithm.rawValue)"))
        }
        return problems
    }

    /// Why a secret does not protect anything; nil where it looks well.
    static func weakness(ofSecret secret: String) -> String? {
        if secret.isEmpty { return "it must be set in production, to at least \(minSecretBytes) random bytes (openssl rand -base64 48)" }
        if secret.utf8.count < minSecretBytes { return "it is shorter than \(minSecretBytes) bytes" }
        if Set(secret.utf8).count < 8 { return "it consists of too few different characters" }
        let plain = secret.lowercased().filter { $0.isLetter || $0.isNumber }
        if wellKnown.contains(where: { plain.contains($0) }) { return "it is a placeholder, or from published documentation" }
        return nil
    }

    /// What the secrets of templates, tutorials and documentation contain, without punctuation and in lower case.
    private static let wellKnown = [
        "changeme", "changethis", "changeit", "yoursecretkey", "yoursupersecret", "supersecretkey", "secretkeyhere", "insecure",
        "replaceme",
        "mysecretkey", "jwtsecretkey", "devsecret", "testsecret", "example", "password123", "1234567890123456",
        // The key in FastAPI's security tutorial, and jwt.io's.
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", "yoursecret256bit", "your256bitsecret",
    ]
}
