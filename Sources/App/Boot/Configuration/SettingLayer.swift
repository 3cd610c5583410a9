// One place that settings come from. A value; any thread.
//
// A layer is a provider of swift-configuration. Layers are asked one after the other and for text only, so that an error can
// name the variable and where its value comes from, and so that two names of one setting can be compared.

import Configuration

/// Where a value comes from.
enum SettingOrigin: String, Sendable {
    case flag
    case environment
    case file = ".env"
    case standard = "default"
    /// Made by the program and kept in the data folder.
    case generated
}

/// Names and values of one origin.
struct SettingLayer: Sendable {
    let origin: SettingOrigin
    private let reader: ConfigReader

    /// - Parameter values: by the variable's upper-case name.
    init(_ origin: SettingOrigin, _ values: [String: String]) {
        self.origin = origin
        // All of them are secrets as far as this library is concerned: which are not is for ``Settings`` to say.
        reader = ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: values, secretsSpecifier: .all))
    }

    /// The text of a variable. An empty one is none: that is how compose files leave variables out.
    func text(of name: String) -> String? {
        guard let text = reader.string(forKey: ConfigKey([name]), isSecret: true), !text.isEmpty else { return nil }
        return text
    }
}
