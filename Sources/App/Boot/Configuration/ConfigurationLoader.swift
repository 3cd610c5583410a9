// Layers of names and values -> the configuration. Pure: what the layers hold was read before.

import Logging

/// A configuration, and where each of its values comes from.
struct LoadedConfiguration: Sendable {
    var configuration: AppConfiguration
    /// By a setting's first name.
    var origins: [String: SettingOrigin]
}

/// Reads the settings off layers, the first of which wins.
struct ConfigurationLoader: Sendable {
    private let layers: [SettingLayer]

    /// - Parameters: values by upper-case name.
    init(flags: [String: String] = [:], environment: [String: String] = [:], file: [String: String] = [:]) {
        layers = [SettingLayer(.flag, flags), SettingLayer(.environment, environment), SettingLayer(.file, file)]
    }

    /// - Throws: ``ConfigurationError`` with every fault of every variable.
    func load() throws(ConfigurationError) -> LoadedConfiguration {
        var problems: [ConfigurationError.Problem] = []
        // Some defaults depend on the environment, so that is read first.
        var configuration = AppConfiguration()
        if let found = find("APP_ENV"), let environment = AppEnvironment(rawValue: found.text.lowercased()) {
            configuration = AppConfiguration(for: environment)
        }
        var origins: [String: SettingOrigin] = [:]
        for setting in Settings.all {
            do throws(ConfigurationError) {
                origins[setting.name] = try read(setting, into: &configuration)
            } catch {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        if configuration.isDebug, origins["LOG_LEVEL"] == .standard { configuration.log.level = .debug }
        return LoadedConfiguration(configuration: configuration, origins: origins)
    }

    private func read(_ setting: Setting, into configuration: inout AppConfiguration) throws(ConfigurationError) -> SettingOrigin {
        let found = setting.names.compactMap { name in find(name).map { (name: name, text: $0.text, origin: $0.origin) } }
        guard let first = found.first else { return .standard }
        if let other = found.first(where: { $0.text != first.text }) {
            throw ConfigurationError(problems: [
                .init(
                    variable: first.name,
                    reason: "it differs from \(other.name), which is another name of the same setting; set one of them")
            ])
        }
        do throws(InvalidSetting) {
            try setting.assign(first.text, &configuration)
        } catch {
            let shown = setting.visibility == .open ? "\"\(first.text)\"" : "its value"
            let reason = error.reason ?? "expected \(setting.form)"
            throw ConfigurationError(problems: [
                .init(variable: first.name, reason: "\(shown) (from \(first.origin.rawValue)) is not valid: \(reason)")
            ])
        }
        return first.origin
    }

    private func find(_ name: String) -> (text: String, origin: SettingOrigin)? {
        for layer in layers {
            if let text = layer.text(of: name) { return (text, layer.origin) }
        }
        return nil
    }
}
