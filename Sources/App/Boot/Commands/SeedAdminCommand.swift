// reactor seed-admin

import Actors
import ArgumentParser
import Reactor

struct SeedAdminCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seed-admin", abstract: "Make sure that there is an administrator.",
        discussion: """
            In development it is \(ConfigurationRules.developmentAdminEmail) unless something else is said. Production wants \
            ADMIN_EMAIL and ADMIN_PASSWORD, or the options. An account that exists keeps its password.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(help: "The administrator's address.")
    var email: String?
    @Option(help: "The first password. Other users of this machine can see a command's options: ADMIN_PASSWORD is safer.")
    var password: String?

    func run() async throws {
        var flags: [String: String] = [:]
        if let email { flags["ADMIN_EMAIL"] = email }
        if let password { flags["ADMIN_PASSWORD"] = password }
        let configuration = try options.load(flags).configuration
        let admin = try SeedAdminCommand.checked(configuration.admin)
        let outcome = try await EventLoopGroup.withGroup(loops: 1) { group in
            let loop = group.loops[0]
            if configuration.environment == .development {
                _ = try await DatabaseMigration.run(configuration, on: loop) { try await $0.up() }
            }
            let pool = DatabasePool(loop: loop, configuration: try configuration.databaseConfiguration)
            let hasher = PasswordHasher(loop: loop, parameters: configuration.auth.hashParameters, maxConcurrent: 1)
            let origin = RequestOrigin(clientAddress: "local", requestID: "seed-admin")
            let work = Task(executorPreference: loop) {
                try await AccountSeed.ensureAdmin(
                    email: admin.email, password: admin.password, passwords: hasher, from: origin, in: pool)
            }
            let result = await work.result
            await pool.shutdown()
            return try result.get()
        }
        Terminal.say("\(admin.email): \(outcome.rawValue)")
    }

    /// - Throws: ``ConfigurationError`` naming the variable.
    static func checked(_ admin: AppConfiguration.Admin) throws(ConfigurationError) -> AppConfiguration.Admin {
        var problems: [ConfigurationError.Problem] = []
        if admin.email.isEmpty {
            problems.append(.init(variable: "ADMIN_EMAIL", reason: "it must be set"))
        } else if !admin.email.contains("@") {
            problems.append(.init(variable: "ADMIN_EMAIL", reason: "it is not an email address"))
        }
        if admin.password.isEmpty {
            problems.append(.init(variable: "ADMIN_PASSWORD", reason: "it must be set"))
        } else if !(8...128).contains(admin.password.count) {
            problems.append(.init(variable: "ADMIN_PASSWORD", reason: "it must have 8 to 128 characters"))
        }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return admin
    }
}
