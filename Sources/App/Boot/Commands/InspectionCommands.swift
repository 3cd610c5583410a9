// The commands that only show something: routes, config, openapi, version. They open no connection and leave nothing behind.

import ArgumentParser
import Reactor

struct RoutesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "routes", abstract: "List every route that is served.")

    @OptionGroup var options: ConfigurationOptions

    func run() throws {
        var rows = [["METHOD", "PATH", "ACCESS", "LIMIT", "SUMMARY"]]
        rows += Routes.table(try options.loadWithoutSecret().configuration).routes.map { route in
            [
                route.method.rawValue, route.label, "\(route.access)", route.limit?.name ?? "-", route.declaration.summary,
            ]
        }
        for (index, line) in Terminal.table(rows).enumerated() { Terminal.say(index == 0 ? Terminal.styled(line, .bold) : line) }
    }
}

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show the settings that are in force, and where they come from.")

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Write the reference of all settings instead.")
    var markdown = false

    func run() throws {
        if markdown {
            Terminal.write(Array(ConfigurationReport.markdown.utf8))
        } else {
            Terminal.say(ConfigurationReport.effective(try options.loadWithoutSecret()))
        }
    }
}

struct OpenAPICommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "openapi", abstract: "Print the API's OpenAPI document.")

    @OptionGroup var options: ConfigurationOptions

    func run() throws {
        let configuration = try options.loadWithoutSecret().configuration
        Terminal.write(Routes.document(Routes.table(configuration), configuration).json + [UInt8(ascii: "\n")])
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() {
        Terminal.say("reactor \(Version.current)")
    }
}
