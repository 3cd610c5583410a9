// What production refuses.

@testable import App
import Testing

@Suite struct ConfigurationRulesTests {
    private static let goodSecret = "kJ8#vN2$pQ9!xR4@mT7&wZ1^cF5*hL3%"

    private static var production: AppConfiguration {
        var configuration = AppConfiguration(for: .production)
        configuration.auth.secretKey = goodSecret
        return configuration
    }

    /// The variables that a configuration is refused for.
    private static func refused(_ change: (inout AppConfiguration) -> Void) -> [String] {
        var configuration = production
        change(&configuration)
        do throws(ConfigurationError) {
            try ConfigurationRules.check(configuration)
            return []
        } catch {
            return error.problems.map(\.variable)
        }
    }

    @Test func aSoundConfigurationIsTaken() {
        #expect(Self.refused { _ in } == [])
    }

    @Test(arguments: [
        "", "k7#Q", "0123456789012345678901234567890", "your-secret-key-here-change-in-production-please",
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", "abababababababababababababababababababab",
        "super-secret-key-change-me-in-production", "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME",
    ])
    func aWeakSecretIsRefusedAndNotShown(_ secret: String) throws {
        var configuration = Self.production
        configuration.auth.secretKey = secret
        let error = #expect(throws: ConfigurationError.self) { try ConfigurationRules.check(configuration) }
        #expect(error?.problems.map(\.variable) == ["SECRET_KEY"])
        if !secret.isEmpty { #expect(error?.description.contains(secret) == false) }
    }

    @Test func aSecretOf32BytesIsLongEnough() {
        #expect(Self.goodSecret.utf8.count == 32)
    }

    @Test func everyOriginTogetherWithCredentialsIsRefused() {
        #expect(Self.refused { $0.cors.origins = ["*"] } == ["BACKEND_CORS_ORIGINS"])
        #expect(
            Self.refused {
                $0.cors.origins = ["*"]; $0.cors.allowsCredentials = false
            } == [])
        #expect(Self.refused { $0.cors.origins = ["https://app.example.com"] } == [])
    }

    @Test func aCertificateAndItsKeyGoTogether() {
        #expect(Self.refused { $0.server.tls.certificate = "server.crt" } == ["TLS_KEY"])
        #expect(Self.refused { $0.server.tls.key = "server.key" } == ["TLS_CERT"])
        #expect(Self.refused { $0.server.tls = TLSFiles(certificate: "server.crt", key: "server.key") } == [])
        var development = AppConfiguration(for: .development)
        development.server.tls.certificate = "server.crt"
        #expect(throws: ConfigurationError.self) { try ConfigurationRules.check(development) }
    }

    @Test func debugIsRefused() {
        #expect(Self.refused { $0.isDebug = true } == ["DEBUG"])
    }

    @Test func theAdministratorOfDevelopmentIsRefused() {
        #expect(Self.refused { $0.admin.email = "admin@local.com" } == ["ADMIN_EMAIL"])
        #expect(Self.refused { $0.admin.email = "Admin@Local.COM" } == ["ADMIN_EMAIL"])
        #expect(Self.refused { $0.admin.password = "admin123456" } == ["ADMIN_PASSWORD"])
    }

    @Test func everythingThatIsWrongIsReportedAtOnce() {
        let variables = Self.refused {
            $0.auth.secretKey = ""
            $0.isDebug = true
            $0.cors.origins = ["*"]
        }
        #expect(Set(variables) == ["SECRET_KEY", "DEBUG", "BACKEND_CORS_ORIGINS"])
    }

    @Test func developmentRefusesNothing() throws {
        var configuration = AppConfiguration(for: .development)
        configuration.isDebug = true
        configuration.cors.origins = ["*"]
        try ConfigurationRules.check(configuration)
        #expect(!configuration.cors.sendsCredentials)
    }

    @Test func seedAdminWantsAnAddressAndAPassword() {
        #expect(Self.seedProblems("", "") == ["ADMIN_EMAIL", "ADMIN_PASSWORD"])
        for address in ["admin", "@", "admin@", "admin@localhost", "a b@example.com"] {
            #expect(Self.seedProblems(address, "nobody guesses this") == ["ADMIN_EMAIL"], "\(address)")
        }
    }

    @Test func seedAdminRefusesCommonPasswordsWhereThatIsAskedFor() throws {
        for password in ["password123", "ops@example.com"] {
            #expect(Self.seedProblems("ops@example.com", password) == ["ADMIN_PASSWORD"])
            #expect(Self.seedProblems("ops@example.com", password, checksCommonPasswords: false) == [])
        }
        let admin = AppConfiguration.Admin(email: "Ops@Example.COM", password: "nobody guesses this")
        try #expect(SeedAdminCommand.checked(admin, checksCommonPasswords: true).email == "Ops@example.com")
    }

    /// The variables that an administrator is refused for.
    private static func seedProblems(_ email: String, _ password: String, checksCommonPasswords: Bool = true) -> [String] {
        do throws(ConfigurationError) {
            _ = try SeedAdminCommand.checked(
                AppConfiguration.Admin(email: email, password: password), checksCommonPasswords: checksCommonPasswords)
            return []
        } catch {
            return error.problems.map(\.variable)
        }
    }
}
