// What a configuration must not be, beyond each value being valid by itself. Pure.

/// The refusals of production.
enum ConfigurationRules {
    static let minSecretBytes = 32
    /// The administrator of development, and of no other place.
    static let developmentAdminEmail = "admin@local.com"
    static let developmentAdminPassword = "admin123456"

    /// - Throws: ``ConfigurationError`` with everything that is wrong; a secret's value is in none of it.
    static func check(_ configuration: AppConfiguration) throws(ConfigurationError) {
        guard configuration.environment == .production else { return }
        let problems = production(configuration)
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    }

    private static func production(_ configuration: AppConfiguration) -> [ConfigurationError.Problem] {
        var problems: [ConfigurationError.Problem] = []
        if let reason = weakness(ofSecret: configuration.auth.secretKey) {
            problems.append(.init(variable: "SECRET_KEY", reason: reason))
        }
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
