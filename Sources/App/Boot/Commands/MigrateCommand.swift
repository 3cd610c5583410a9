// reactor migrate up | down | base | status | history | check | new

import ArgumentParser
import Reactor

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Change the database's schema.",
        subcommands: [Up.self, Down.self, Base.self, Status.self, History.self, Check.self, New.self])

    /// Runs `body` with a migrator of the configured database.
    fileprivate static func withMigrator<Result: Sendable>(
        _ options: ConfigurationOptions, _ body: @escaping @Sendable (Migrator) async throws -> Result
    ) async throws -> Result {
        try await withMigrator(try options.loadWithoutSecret().configuration, body)
    }

    private static func withMigrator<Result: Sendable>(
        _ configuration: AppConfiguration, _ body: @escaping @Sendable (Migrator) async throws -> Result
    ) async throws -> Result {
        try await EventLoopGroup.withGroup(loops: 1) { group in
            try await DatabaseMigration.run(configuration, on: group.loops[0], body)
        }
    }

    /// Prints what would be run, as SQL that a shell of the database would take.
    fileprivate static func show(
        _ configuration: AppConfiguration, otherwise nothing: String,
        _ planned: @escaping @Sendable (Migrator) async throws -> [PlannedScript]
    ) async throws {
        let scripts = try await EventLoopGroup.withGroup(loops: 1) { group in
            var configuration = configuration
            // A file that is not there would be made by looking into it.
            if try await OperatorDatabase.missingFile(configuration, on: group.loops[0]) != nil {
                configuration.database.url = "sqlite::memory:"
            }
            return try await DatabaseMigration.run(configuration, on: group.loops[0], planned)
        }
        if scripts.isEmpty { return Terminal.say(Terminal.styled("-- \(nothing)", .faint)) }
        for script in scripts {
            Terminal.say("\(Terminal.styled("-- \(script.label)", .bold))\n\(script.sql.trimmed)\n")
        }
    }

    fileprivate static let nothingToApply = "nothing to apply"
    fileprivate static let nothingToTakeBack = "nothing to take back"

    struct Up: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Apply what is pending.",
            discussion: "A database that a FastAPI application has filled is taken over, with its rows: look at --dry-run first.")
        @OptionGroup var options: ConfigurationOptions
        @Flag(help: "Print the SQL and change nothing.")
        var dryRun = false

        func run() async throws {
            if dryRun {
                return try await MigrateCommand.show(
                    try options.loadWithoutSecret().configuration, otherwise: MigrateCommand.nothingToApply
                ) { try await $0.plannedUp() }
            }
            let done = try await MigrateCommand.withMigrator(options) { migrator in
                try await migrator.up {
                    Terminal.say("\(Terminal.styled("applied", .green))  \($0.label)")
                } adopted: { report in
                    Terminal.say(report.summary)
                    for remark in report.remarks { Terminal.say("\(Terminal.styled("note", .yellow))  \(remark)") }
                }
            }
            if done.isEmpty { Terminal.say(MigrateCommand.nothingToApply) }
        }
    }

    struct Down: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take back the newest migrations.")
        @OptionGroup var options: ConfigurationOptions
        @Argument(help: "How many.")
        var count = 1
        @Flag(help: "Print the SQL and change nothing.")
        var dryRun = false
        @Flag(help: "Do not ask; needed where nobody can be asked.")
        var yes = false

        func validate() throws {
            guard count > 0 else { throw ValidationError("the count is at least 1") }
        }

        func run() async throws {
            let what = count == 1 ? "the newest migration" : "the newest \(count) migrations"
            let configuration = try options.loadWithoutSecret().configuration
            try await takeBack(count, configuration, dryRun: dryRun, consent: Consent(to: what, isGiven: yes))
        }
    }

    struct Base: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take back every migration, with all data.")
        @OptionGroup var options: ConfigurationOptions
        @Flag(help: "Print the SQL and change nothing.")
        var dryRun = false
        @Flag(help: "Do not ask; needed where nobody can be asked.")
        var yes = false
        @Flag(help: "Also in production.")
        var force = false

        func run() async throws {
            let configuration = try options.loadWithoutSecret().configuration
            guard dryRun || force || configuration.environment != .production else {
                throw ValidationError("this is production: 'migrate base' removes all data there only with --force")
            }
            try await takeBack(
                .max, configuration, dryRun: dryRun, consent: Consent(to: "every migration, and with them all data,", isGiven: yes))
        }
    }

    fileprivate static func takeBack(_ count: Int, _ configuration: AppConfiguration, dryRun: Bool, consent: Consent) async throws {
        if dryRun {
            return try await show(configuration, otherwise: nothingToTakeBack) { try await $0.plannedDown(count) }
        }
        guard try consent.isGiven(for: "\(try configuration.databaseConfiguration)") else { return Terminal.say("nothing was changed") }
        let done = try await withMigrator(configuration) { migrator in
            try await migrator.down(count) { Terminal.say("\(Terminal.styled("taken back", .yellow))  \($0.label)") }
        }
        if done.isEmpty { Terminal.say(nothingToTakeBack) }
    }

    /// The operator's word that data may go.
    fileprivate struct Consent {
        private let what: String
        private let isGiven: Bool

        init(to what: String, isGiven: Bool) {
            self.what = what
            self.isGiven = isGiven
        }

        /// - Throws: `ValidationError` (exit status 2) where it was not given and there is no terminal to ask on.
        func isGiven(for database: String) throws -> Bool {
            if isGiven { return true }
            guard StandardStream.input.isTerminal, StandardStream.output.isTerminal else {
                throw ValidationError("this would take back \(what) of \(database): say --yes, or look at --dry-run")
            }
            StandardStream.output.write(Array("Take back \(what) of \(database)? [y/N] ".utf8))
            return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show what is applied and what is pending.")
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let list = try await MigrateCommand.withMigrator(options) { try await $0.status() }
            let rows = list.map { migration in
                switch migration.state {
                case .applied(let time): [migration.label, "applied", time.rfc3339]
                case .pending: [migration.label, "pending"]
                case .unknown(let time): [migration.label, "unknown to this program", time.rfc3339]
                }
            }
            for line in Terminal.table(rows) { Terminal.say(line) }
        }
    }

    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show what was applied, in the order in which it was.")
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let history = try await MigrateCommand.withMigrator(options) { try await $0.history() }
            for line in Terminal.table(history.map { [$0.appliedAt.rfc3339, $0.label] }) { Terminal.say(line) }
            if history.isEmpty { Terminal.say("nothing was applied") }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare the database's schema with the declared one; ends with 1 where they differ.")
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let changes = try await MigrateCommand.withMigrator(options) { try await $0.schemaChanges() }
            for line in changes.flatMap(\.lines) { Terminal.say(line) }
            guard changes.isEmpty else { throw ExitCode(1) }
            Terminal.say("the schema is as declared")
        }
    }

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Write a migration into the sources.")
        @OptionGroup var options: ConfigurationOptions
        @Argument(help: "What it does, such as add_products.")
        var name: String
        @Flag(help: "Fill it with what is between the declared tables and the database's.")
        var autogenerate = false

        func run() async throws {
            guard autogenerate else {
                let path = try MigrationTemplate.write(name: name)
                return Terminal.say(
                    "\(path)\nfill in both dialects; the list in \(MigrationTemplate.folder)/\(MigrationTemplate.listFile) has it already")
            }
            let changes = try await MigrateCommand.withMigrator(options) { migrator in
                guard try await migrator.isUpToDate() else { throw MigrationTemplateError.pendingMigrations }
                return try await migrator.schemaChanges()
            }
            guard !changes.isEmpty else { return Terminal.say("the schema is as declared: there is nothing to write") }
            let path = try MigrationTemplate.write(name: name, changes: changes)
            for line in changes.flatMap(\.lines) { Terminal.say(line) }
            for warning in SchemaChange.warnings(changes) { Terminal.say("\(Terminal.styled("look", .yellow))  \(warning)") }
            Terminal.say("\(path)\nread it before you run it; the list in \(MigrationTemplate.folder)/\(MigrationTemplate.listFile) has it")
        }
    }
}
