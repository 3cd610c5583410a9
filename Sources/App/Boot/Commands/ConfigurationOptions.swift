// The options that every command has: how to find the configuration, and how to overrule it.

import ArgumentParser
import Reactor

struct ConfigurationOptions: ParsableArguments {
    @Option(help: "The file with settings; without this option .env, if it is there.")
    var envFile: String?

    @Option(name: .customLong("set"), help: ArgumentHelp("A setting that wins over all others.", valueName: "NAME=VALUE"))
    var settings: [String] = []

    /// The configuration, complete: with the secret that development keeps.
    /// - Parameter flags: settings of a command's own options.
    /// - Throws: ``ConfigurationError``.
    func load(_ flags: [String: String] = [:]) throws -> LoadedConfiguration {
        var loaded = try loadWithoutSecret(flags)
        try loaded.keepSecret()
        return loaded
    }

    /// The configuration as it was given: for commands that only show something and should leave nothing behind.
    /// - Throws: ``ConfigurationError``.
    func loadWithoutSecret(_ flags: [String: String] = [:]) throws -> LoadedConfiguration {
        var all: [String: String] = [:]
        for setting in settings {
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, Settings.all.contains(where: { $0.names.contains(String(parts[0])) }) else {
                throw ValidationError("--set takes NAME=VALUE with the name of a setting; reactor config lists them")
            }
            all[String(parts[0])] = String(parts[1])
        }
        all.merge(flags) { _, option in option }
        return try LoadedConfiguration.atBoot(flags: all, file: envFile ?? ".env", isFileRequired: envFile != nil)
    }
}
