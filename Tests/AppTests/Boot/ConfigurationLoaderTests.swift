// Layers, aliases and bad values.

@testable import App
import Reactor
import Testing

@Suite struct ConfigurationLoaderTests {
    @Test func aFlagWinsOverTheEnvironmentAndThatOverTheFile() throws {
        let flags = ["PORT": "1"]
        let environment = ["PORT": "2", "APP_NAME": "two"]
        let file = ["PORT": "3", "APP_NAME": "three", "DATA_DIR": "/three"]
        let loaded = try ConfigurationLoader(flags: flags, environment: environment, file: file).load()
        #expect(loaded.configuration.server.port == 1)
        #expect(loaded.configuration.appName == "two")
        #expect(loaded.configuration.dataDirectory == "/three")
        #expect(loaded.origins["PORT"] == .flag)
        #expect(loaded.origins["APP_NAME"] == .environment)
        #expect(loaded.origins["DATA_DIR"] == .file)
        #expect(loaded.origins["HOST"] == .standard)
    }

    @Test func anEmptyVariableIsNotSet() throws {
        let loaded = try ConfigurationLoader(environment: ["PORT": "", "REDIS_URL": ""], file: ["PORT": "9"]).load()
        #expect(loaded.configuration.server.port == 9)
        #expect(loaded.configuration.redis.url == nil)
    }

    @Test(arguments: ["SECRET_KEY", "JWT_SECRET_KEY", "JWT_SECRET"])
    func theSecretHasThreeNames(_ name: String) throws {
        try #expect(ConfigurationLoader(environment: [name: "abc"]).load().configuration.auth.secretKey == "abc")
    }

    @Test func namesOfOneSettingMayAgree() throws {
        let loaded = try ConfigurationLoader(environment: ["SECRET_KEY": "abc"], file: ["JWT_SECRET": "abc"]).load()
        #expect(loaded.configuration.auth.secretKey == "abc")
    }

    @Test func namesOfOneSettingThatDifferAreRefusedWithoutTheirValues() {
        let loader = ConfigurationLoader(environment: ["SECRET_KEY": "first-value"], file: ["JWT_SECRET": "other-value"])
        let error = #expect(throws: ConfigurationError.self) { try loader.load() }
        #expect(error?.problems.map(\.variable) == ["SECRET_KEY"])
        #expect(error?.description.contains("JWT_SECRET") == true)
        #expect(error?.description.contains("-value") == false)
    }

    @Test func everyBadValueIsReportedWithItsVariable() {
        let loader = ConfigurationLoader(
            flags: ["PORT": "http"], environment: ["LOG_LEVEL": "loud", "DATABASE_URL": "mysql://root:hunter2@db/x"])
        let error = #expect(throws: ConfigurationError.self) { try loader.load() }
        #expect(Set(error?.problems.map(\.variable) ?? []) == ["PORT", "LOG_LEVEL", "DATABASE_URL"])
        #expect(error?.description.contains("\"http\" (from flag)") == true)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func anotherNameOfASettingIsTheOneInItsError() {
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationLoader(environment: ["APP_ENV": "staging"]).load()
        }
        #expect(error?.problems.map(\.variable) == ["APP_ENV"])
    }

    @Test func productionHasDefaultsOfItsOwn() throws {
        let production = try ConfigurationLoader(environment: ["APP_ENV": "Production"]).load().configuration
        #expect(production.environment == .production)
        #expect(production.log.format == .json)
        #expect(production.server.host == "0.0.0.0")
        #expect(production.auth.checksCommonPasswords)
        #expect(production.admin.email.isEmpty && production.admin.password.isEmpty)
        let development = try ConfigurationLoader().load().configuration
        #expect(development.server.host == "127.0.0.1")
        #expect(development.server.port == 8_000)
        #expect(development.databaseURL == "sqlite:data/reactor.db")
    }

    @Test func aDefaultOfProductionCanBeOverruled() throws {
        let loaded = try ConfigurationLoader(environment: ["LOG_FORMAT": "pretty", "APP_ENV": "production"]).load()
        #expect(loaded.configuration.log.format == .pretty)
    }

    @Test func noNameMeansTwoThings() {
        let names = Settings.all.flatMap(\.names)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { name in name.allSatisfy { $0.isUppercase || $0 == "_" || $0.isNumber } })
    }

    @Test func everyDefaultIsAValueThatCouldBeSet() throws {
        for environment in AppEnvironment.allCases {
            let defaults = AppConfiguration(for: environment)
            for setting in Settings.all where setting.visibility == .open {
                let shown = setting.display(defaults)
                // Those that stand for "not set" are no values.
                if shown.isEmpty || shown.contains(" ") { continue }
                var copy = defaults
                try setting.assign(shown, &copy)
                #expect(setting.display(copy) == shown, "\(setting.name)")
            }
        }
    }
}
