// The configuration for people to read: what is in force and where it comes from, and the reference in the documentation. Pure.

/// Renderings of the settings.
enum ConfigurationReport {
    /// What `reactor config` prints: a line a setting, secrets masked.
    static func effective(_ loaded: LoadedConfiguration) -> String {
        var lines: [String] = []
        for group in Settings.groups {
            if !lines.isEmpty { lines.append("") }
            lines.append("# \(group.title)")
            for setting in group.settings {
                let origin = loaded.origins[setting.name] ?? .standard
                // Values may come from a file that somebody else wrote.
                var value: [UInt8] = []
                LogEscaping.append(setting.display(loaded.configuration), to: &value)
                lines.append("\(setting.name)=\(String(decoding: value, as: UTF8.self))  (\(origin.rawValue))")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// What `reactor config --markdown` prints: every setting, whatever is in force.
    static var markdown: String {
        let development = AppConfiguration(for: .development)
        let production = AppConfiguration(for: .production)
        var lines = [
            "# Configuration", "",
            "A flag (`--set NAME=VALUE`) wins over the environment, the environment over the `.env` file, the file over the default.",
            "`reactor config` prints what is in force, and from where. Sizes are written `5MiB`, times `500ms`, `10s`, `15m`, `2h`, `30d`.",
            "A value that is not valid, or not safe in production, ends the program with exit code 78.",
        ]
        for group in Settings.groups {
            lines += ["", "## \(group.title)", "", "| name | default | value | meaning |", "|---|---|---|---|"]
            for setting in group.settings {
                let names = setting.names.map { "`\($0)`" }.joined(separator: " = ")
                lines.append("| \(names) | \(defaultText(setting, development, production)) | \(setting.form) | \(setting.summary) |")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func defaultText(_ setting: Setting, _ development: AppConfiguration, _ production: AppConfiguration) -> String {
        let values = (setting.display(development), setting.display(production))
        guard values.0 != values.1, setting.name != "APP_ENV" else { return cell(values.0) }
        return "\(cell(values.0)); in production \(cell(values.1))"
    }

    private static func cell(_ value: String) -> String { value.isEmpty ? "none" : "`\(value)`" }
}
