// The types of settings that authentication has. Pure.

extension SettingKind where Value == [String] {
    /// Like ``list``, and never shown.
    static let secrets = SettingKind(form: list.form, parse: list.parse, render: { $0.joined(separator: ",") })
}

extension SettingKind where Value == String {
    /// The address of a site, to which paths are added.
    static let webURL = SettingKind(
        form: "http://host:port/path or https://host/path, without a query",
        parseIfValid: { text in
            let scheme = ["https://", "http://"].first { text.lowercased().hasPrefix($0) }
            guard let scheme, text.utf8.count > scheme.utf8.count else { return nil }
            // It stands in mails: no line breaks, nothing that ends a link early, and no password.
            let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}?#@".utf8.contains($0) }
            guard isPlain, text.utf8.dropFirst(scheme.utf8.count).first != UInt8(ascii: "/") else { return nil }
            return text.hasSuffix("/") ? String(text.dropLast()) : text
        },
        render: { $0 })
}
