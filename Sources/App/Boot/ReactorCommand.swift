// The program's entry: which commands there are, and what their ends mean to a shell. Runs on the main thread; what listens and
// computes runs on the loops that the commands start.

import ArgumentParser
import Reactor

@main
struct ReactorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reactor", abstract: "A complete backend in one program.",
        discussion: "Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.",
        version: "reactor \(Version.current)",
        subcommands: [
            ServeCommand.self, WorkerCommand.self, MigrateCommand.self, SeedAdminCommand.self, DoctorCommand.self, BackupCommand.self,
            RestoreCommand.self, RoutesCommand.self, ConfigCommand.self, OpenAPICommand.self, VersionCommand.self,
        ])

    static func main() async {
        StandardStream.openClosed()
        let status = await run(Array(CommandLine.arguments.dropFirst()))
        LogOutput.flush()
        exit(withError: ExitCode(status))
    }

    /// Runs a command line; returns what to exit with.
    static func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return 0
        } catch {
            return report(error)
        }
    }

    /// Says what went wrong, or what was asked for, and how the program ends.
    private static func report(_ error: any Error) -> Int32 {
        if let error = error as? ConfigurationError {
            Terminal.complain("the configuration is not valid\n\(error.description)")
            return ConfigurationError.exitCode
        }
        let parserStatus = exitCode(for: error)
        if parserStatus == .success {
            // --help and --version are answers.
            Terminal.say(fullMessage(for: error))
            return 0
        }
        if parserStatus == .validationFailure {
            Terminal.complain(fullMessage(for: error))
            return 2
        }
        if let error = error as? ExitCode { return error.rawValue }
        Terminal.complain("\(error)")
        return 1
    }
}
