// reactor seed-admin

import Actors
import ArgumentParser
import Reactor

struct SeedAdminCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seed-admin", abstract: "Make sure that there is an administrator.",
        discussion: """
            In development it is \(ConfigurationRules.developmentAdminEmail) unless something else is said. Production wants \
            ADMIN_EMAIL and ADMIN_PASSWORD, or the options. An administrator that exists keeps its password; an account that is \
            none is refused without --promote.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(help: "The administrator's address.")
    var email: String?
    @Option(help: "The first password. Other users of this machine can see a command's options: ADMIN_PASSWORD is safer.")
    var password: String?
    @Flag(help: "Make an administrator of an account that has the address: it gets the password, and its sessions end.")
    var promote = false

    func run() async throws {
        var flags: [String: String] = [:]
        if let email { flags["ADMIN_EMAIL"] = email }
        if let password { flags["ADMIN_PASSWORD"] = password }
        let configuration = try options.load(flags).configuration
        let admin = try SeedAdminCommand.checked(
            configuration.admin, checksCommonPasswords: configuration.auth.checksCommonPasswords)
        let promotes = promote
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
                    email: Text(admin.email), password: Text(admin.password), promotes: promotes, passwords: hasher, from: origin, in: pool)
            }
            let result = await work.result
            await pool.shutdown()
            return try result.get()
        }
        Terminal.say("\(admin.email): \(outcome.rawValue)")
    }

    /// What registering asks for, asked of the configuration.
    /// - Returns: the administrator with the address as it is stored.
    /// - Throws: ``ConfigurationError`` naming the variable.
    static func checked(
        _ admin: AppConfiguration.Admin, checksCommonPasswords: Bool
    ) throws(ConfigurationError) -> AppConfiguration.Admin {
        var admin = admin
        var problems: [ConfigurationError.Problem] = []
        if admin.email.isEmpty {
            problems.append(.init(variable: "ADMIN_EMAIL", reason: "it must be set"))
        } else {
            switch EmailAddress.parse(Text(admin.email)) {
            // TEXT: the operator's own.
            case .success(let email): admin.email = email.swiftString
            case .failure(let fault):
                problems.append(.init(variable: "ADMIN_EMAIL", reason: "it is not an email address: \(fault.reason)"))
            }
        }
        if admin.password.isEmpty {
            problems.append(.init(variable: "ADMIN_PASSWORD", reason: "it must be set"))
        } else if !(8...128).contains(admin.password.count) {
            problems.append(.init(variable: "ADMIN_PASSWORD", reason: "it must have 8 to 128 characters"))
        } else if checksCommonPasswords, let reason = CommonPasswords.problem(with: Text(admin.password), names: [Text(admin.email)]) {
            problems.append(.init(variable: "ADMIN_PASSWORD", reason: reason))
        }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return admin
    }
}
