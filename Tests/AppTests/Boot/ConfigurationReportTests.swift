// What is shown of the configuration.

@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct ConfigurationReportTests {
    @Test func secretsAreMaskedAndOriginsShown() throws {
        let loaded = try ConfigurationLoader(
            flags: ["PORT": "9000"],
            environment: [
                "SECRET_KEY": "do-not-show-me", "ADMIN_PASSWORD": "nor-me-either", "DATABASE_URL": "postgres://joe:hunter2@db/app",
                "REDIS_URL": "redis://:hunter3@cache/0",
            ]
        ).load()
        let text = ConfigurationReport.effective(loaded)
        for secret in ["do-not-show-me", "nor-me-either", "hunter2", "hunter3"] { #expect(!text.contains(secret)) }
        #expect(text.contains("PORT=9000  (flag)"))
        #expect(text.contains("SECRET_KEY=********  (environment)"))
        #expect(text.contains("HOST=127.0.0.1  (default)"))
    }

    @Test func noFaultyURLIsQuoted() throws {
        let urls = Settings.all.filter { $0.form.contains("://") }
        #expect(urls.map(\.name).contains("OTEL_EXPORTER_OTLP_ENDPOINT"))
        #expect(urls.count >= 5)
        for setting in urls {
            let error = #expect(throws: ConfigurationError.self, "\(setting.name)") {
                _ = try ConfigurationLoader(environment: [setting.name: "http://joe:hunter2@collector/?"]).load()
            }
            #expect(error.map { "\($0)".contains("hunter2") } == false, "\(setting.name)")
        }
    }

    @Test func aLineBreakInAValueForgesNoLine() throws {
        let loaded = try ConfigurationLoader(environment: ["APP_NAME": "a\nDEBUG=true  (flag)"]).load()
        #expect(!ConfigurationReport.effective(loaded).contains("\nDEBUG=true"))
    }

    @Test func theReferenceNamesEverySetting() {
        for setting in Settings.all { #expect(ConfigurationReport.markdown.contains("`\(setting.name)`")) }
    }

    @Test func theGeneratedSecretIsKeptAndPrivate() async throws {
        try await withTemporaryFolder { folder in
            let directory = "\(folder)/data"
            let secret = try SigningSecret.keptOrNew(in: directory)
            #expect(secret.utf8.count == 64)
            try #expect(SigningSecret.keptOrNew(in: directory) == secret)
            #expect(ConfigurationRules.weakness(ofSecret: secret) == nil)
            try #expect(permissions(of: "\(directory)/\(SigningSecret.fileName)") == 0o600)
        }
    }
}
