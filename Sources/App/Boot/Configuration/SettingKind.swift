// The types that settings have: how each is written, read and shown. Pure.

import Reactor

/// A type of setting.
struct SettingKind<Value: Sendable>: Sendable {
    /// What a value looks like, for error messages and documentation: `integer from 1 to 65535`.
    let form: String
    let parse: @Sendable (String) throws(InvalidSetting) -> Value
    /// The value as text; of a URL, without its password.
    let render: @Sendable (Value) -> String

    init(
        form: String, parse: @escaping @Sendable (String) throws(InvalidSetting) -> Value,
        render: @escaping @Sendable (Value) -> String
    ) {
        self.form = form
        self.parse = parse
        self.render = render
    }

    /// - Parameter parseIfValid: nil where the text is no such value.
    init(form: String, parseIfValid: @escaping @Sendable (String) -> Value?, render: @escaping @Sendable (Value) -> String) {
        self.init(
            form: form,
            parse: { text throws(InvalidSetting) in
                guard let value = parseIfValid(text) else { throw InvalidSetting() }
                return value
            }, render: render)
    }
}

/// A text is no value of its setting.
struct InvalidSetting: Error {
    /// What is wrong with it, where there is more to say than what was expected. Never quotes the text.
    var reason: String?
}

extension SettingKind where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> SettingKind {
        SettingKind(
            form: range.upperBound == .max
                ? "integer, at least \(range.lowerBound)" : "integer from \(range.lowerBound) to \(range.upperBound)",
            parseIfValid: { text in Int(text).flatMap { range.contains($0) ? $0 : nil } },
            render: { String($0) })
    }

    /// A size: `5242880`, `5120KiB`, `5MiB`.
    static func bytes(_ range: ClosedRange<Int>) -> SettingKind {
        SettingKind(
            form: "size from \(ByteCount.render(range.lowerBound)) to \(ByteCount.render(range.upperBound))",
            parseIfValid: { text in ByteCount.parse(text).flatMap { range.contains($0) ? $0 : nil } },
            render: ByteCount.render)
    }
}

extension SettingKind where Value == Bool {
    static let flag = SettingKind(
        form: "true or false",
        parseIfValid: { text in
            switch text.lowercased() {
            case "true", "1", "yes", "on": true
            case "false", "0", "no", "off": false
            default: nil
            }
        },
        render: { $0 ? "true" : "false" })
}

extension SettingKind where Value == String {
    static let text = SettingKind(form: "text", parseIfValid: { $0 }, render: { $0 })

    /// A file or folder.
    static let path = SettingKind(form: "path", parseIfValid: { $0 }, render: { $0 })

    /// Kept as text, since the database's other settings are put into it later; checked here.
    static let databaseURL = SettingKind(
        form: "sqlite:PATH or postgres://user:password@host:port/database",
        parse: { text throws(InvalidSetting) in
            let location: DatabaseConfiguration.Location
            do throws(InvalidDatabaseURL) {
                location = try DatabaseConfiguration(url: text).location
            } catch {
                throw InvalidSetting(reason: error.reason)
            }
            guard location != .sqlite(path: ":memory:") else {
                throw InvalidSetting(reason: "every connection would have a database of its own; name a file")
            }
            return text
        },
        render: { text in (try? DatabaseConfiguration(url: text))?.description ?? "" })

    static let redisURL = SettingKind(
        form: "redis://user:password@host:port/database or unix:///path",
        parse: { text throws(InvalidSetting) in
            do throws(RedisError) {
                _ = try RedisConfiguration(url: text)
            } catch {
                throw InvalidSetting(reason: "\(error)")
            }
            return text
        },
        render: { text in (try? RedisConfiguration(url: text))?.description ?? "" })
}

extension SettingKind where Value == [String] {
    /// A JSON list of strings, or the same separated by commas.
    static let list = SettingKind(
        form: "JSON list of strings, or values separated by commas",
        parseIfValid: { text in
            guard text.first == "[" else {
                return text.split(separator: ",").map { String($0.trimmed) }.filter { !$0.isEmpty }
            }
            guard case .array(let elements)? = try? JSONParser.parse(Array(text.utf8)) else { return nil }
            var values: [String] = []
            for element in elements {
                guard case .string(let value) = element else { return nil }
                // TEXT: a setting, the operator's own.
                values.append(value.swiftString)
            }
            return values
        },
        render: { values in String(decoding: values.json, as: UTF8.self) })
}

extension SettingKind where Value == Duration {
    /// A time: `500ms`, `10s`, `15m`, `2h`, `30d`; a bare number is seconds.
    static func duration(_ range: ClosedRange<Duration>) -> SettingKind {
        SettingKind(
            form: "time from \(DurationText.render(range.lowerBound)) to \(DurationText.render(range.upperBound))",
            parseIfValid: { text in DurationText.parse(text).flatMap { range.contains($0) ? $0 : nil } },
            render: DurationText.render)
    }

    /// A whole number of units, where the variable's name says which: `ACCESS_TOKEN_EXPIRE_MINUTES`.
    static func count(of unit: Duration, called name: String, _ range: ClosedRange<Int>) -> SettingKind {
        SettingKind(
            form: "\(name) from \(range.lowerBound) to \(range.upperBound)",
            parseIfValid: { text in Int(text).flatMap { range.contains($0) ? unit * $0 : nil } },
            render: { String(Int($0 / unit)) })
    }
}

extension SettingKind {
    /// One of the cases of an enumeration, in whatever case of letters.
    static func choice() -> SettingKind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
        SettingKind(
            form: Value.allCases.map(\.rawValue).joined(separator: ", "),
            parseIfValid: { text in Value.allCases.first { $0.rawValue.lowercased() == text.lowercased() } },
            render: { $0.rawValue })
    }

    /// A value that may be left out; `absent` is shown for it.
    static func optional<Wrapped>(_ kind: SettingKind<Wrapped>, absent: String) -> SettingKind where Value == Wrapped? {
        SettingKind(
            form: kind.form, parse: { text throws(InvalidSetting) in try kind.parse(text) }, render: { $0.map(kind.render) ?? absent })
    }
}

extension SettingKind where Value == [String] {
    /// Networks, which are checked where they are understood.
    static let addresses = SettingKind(
        form: "addresses and networks, separated by commas",
        parse: { text throws(InvalidSetting) in
            guard (try? TrustedProxies(text)) != nil else { throw InvalidSetting() }
            return try SettingKind.list.parse(text)
        },
        render: { $0.joined(separator: ", ") })
}
