// reactor restore FILE

import Actors
import ArgumentParser
import Reactor

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup's database and files in place.",
        discussion: """
            Into an empty database, of either kind; with --force into any, whose content is replaced. The archive is verified before \
            anything is changed, and the database changes in one transaction. Stop the server first: it keeps things in memory. \
            Sessions are not in a backup: everybody logs in again.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "What reactor backup wrote.")
    var file: String
    @Flag(help: "Replace what the database holds.")
    var force = false

    func run() async throws {
        let configuration = try options.loadWithoutSecret().configuration
        let (file, isForced) = (self.file, force)
        let report = try await Progress.during {
            try await EventLoopGroup.withGroup(loops: 1) { group in
                let loop = group.loops[0]
                return try await OperatorDatabase.withPool(configuration, on: loop) { settings in
                    settings.enforcesForeignKeys = false
                } _: { pool in
                    try await Restore(
                        loop: loop, pool: pool, store: configuration.operatorFileStore(on: loop), progress: Progress.show
                    ).read(file, isForced: isForced)
                }
            }
        }
        Terminal.say("restored the backup of \(report.createdAt.rfc3339): \(report.rows) rows, \(report.files) files")
    }
}
