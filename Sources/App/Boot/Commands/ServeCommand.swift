// reactor serve

import ArgumentParser
import Reactor

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the API.", discussion: "In development the database is migrated first.")

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "The IP address to listen on, or unix:PATH.")
    var host: String?
    @Option(help: "The port to listen on; 0 lets the kernel choose.")
    var port: String?
    @Option(help: "Event loops; one a core without this option.")
    var loops: String?
    @Flag(help: "Run no jobs in this process.")
    var noWorker = false

    func run() async throws {
        let startedAt = MonotonicInstant.now()
        var flags: [String: String] = [:]
        if let host { flags["HOST"] = host }
        if let port { flags["PORT"] = port }
        if let loops { flags["LOOPS"] = loops }
        if noWorker { flags["WORKER"] = "false" }
        let configuration = try options.load(flags).configuration
        try await Server(configuration: configuration, logger: LogOutput.logger(configuration.log), startedAt: startedAt).run()
    }
}
