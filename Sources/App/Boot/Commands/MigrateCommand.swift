// reactor migrate up | down | base | status | history | new

import ArgumentParser
import Reactor

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Change the database's schema.",
        subcommands: [Up.self, Down.self, Base.self, Status.self, History.self, New.self])

    /// Runs `body` with a migrator of the configured database.
    fileprivate static func withMigrator<Result: Sendable>(
        _ options: ConfigurationOptions, _ body: @escaping @Sendable (Migrator) async throws -> Result
    ) async throws -> Result {
        let configuration = try options.loadWithoutSecret().configuration
        return try await EventLoopGroup.withGroup(loops: 1) { group in
            try await DatabaseMigration.run(configuration, on: group.loops[0], body)
        }
    }

    struct Up: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Apply what is pending.")
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let done = try await MigrateCommand.withMigrator(options) { migrator in
                try await migrator.up { Terminal.say("\(Terminal.styled("applied", .green))  \($0.label)") }
            }
            if done.isEmpty { Terminal.say("nothing to apply") }
        }
    }

    struct Down: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take back the newest migrations.")
        @OptionGroup var options: ConfigurationOptions
        @Argument(help: "How many.")
        var count = 1

        func validate() throws {
            guard count > 0 else { throw ValidationError("the count is at least 1") }
        }

        func run() async throws {
            let count = self.count
            let done = try await MigrateCommand.withMigrator(options) { migrator in
                try await migrator.down(count) { Terminal.say("\(Terminal.styled("taken back", .yellow))  \($0.label)") }
            }
            if done.isEmpty { Terminal.say("nothing to take back") }
        }
    }

    struct Base: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take back every migration, with all data.")
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let done = try await MigrateCommand.withMigrator(options) { migrator in
                try await migrator.base { Terminal.say("\(Terminal.styled("taken back", .yellow))  \($0.label)") }
            }
            if done.isEmpty { Terminal.say("nothing to take back") }
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

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Write an empty migration into the sources.")
        @Argument(help: "What it does, such as add_products.")
        var name: String

        func run() async throws {
            let path = try MigrationTemplate.write(name: name)
            Terminal.say(
                "\(path)\nfill in both dialects; the list in \(MigrationTemplate.folder)/\(MigrationTemplate.listFile) has it already")
        }
    }
}
