// One setting: everything that is known about a variable, in one declaration. A value; any thread.

import Reactor

/// A named variable of the configuration.
struct Setting: Sendable {
    /// Upper case, as in the environment.
    let name: String
    /// Other names of the same thing; values that differ are refused.
    let aliases: [String]
    /// What a value looks like.
    let form: String
    let summary: String
    let visibility: Visibility
    /// Puts a text's value into the configuration.
    let assign: @Sendable (String, inout AppConfiguration) throws(InvalidSetting) -> Void
    private let render: @Sendable (AppConfiguration) -> String

    enum Visibility: Sendable {
        case open
        /// May hold a password among other things, without which it is shown; errors do not quote it. So is every URL.
        case guarded
        /// Never shown.
        case secret
    }

    init<Value: Sendable>(
        _ name: String, aliases: [String] = [], _ property: any WritableKeyPath<AppConfiguration, Value> & Sendable,
        _ kind: SettingKind<Value>, visibility: Visibility = .open, _ summary: String
    ) {
        self.name = name
        self.aliases = aliases
        form = kind.form
        self.summary = summary
        self.visibility = visibility
        assign = { text, configuration throws(InvalidSetting) in
            configuration[keyPath: property] = try kind.parse(text)
        }
        render = { configuration in kind.render(configuration[keyPath: property]) }
    }

    var names: [String] { [name] + aliases }

    /// The value as it may be shown.
    func display(_ configuration: AppConfiguration) -> String {
        let value = render(configuration)
        return visibility == .secret && !value.isEmpty ? "********" : value
    }
}

/// Settings that belong together.
struct SettingGroup: Sendable {
    let title: String
    let settings: [Setting]

    init(_ title: String, _ settings: Setting...) {
        self.title = title
        self.settings = settings
    }
}
