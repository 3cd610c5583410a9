// Searching in text, the same on both databases whatever their locale. Pure; any thread.

/// A part of a text to look for, whatever its case.
///
/// Neither SQLite's `LIKE`, which knows the case of ASCII letters alone, nor PostgreSQL's `ILIKE`, which asks the database's
/// locale, would do: `fold_case` is a function of ours on both, of SQLite's connections and of a migration for PostgreSQL.
public enum LikePattern {
    private static let wildcard = UInt8(ascii: "%")
    private static let escape = UInt8(ascii: "!")

    /// Matches whatever contains `text`, of which no character is a wildcard. The escape character is `!`.
    public static func containing(_ text: Text) -> Text {
        var pattern: [UInt8] = [wildcard]
        pattern.reserveCapacity(text.byteCount + 8)
        for byte in text.utf8 {
            if byte == wildcard || byte == UInt8(ascii: "_") || byte == escape { pattern.append(escape) }
            pattern.append(byte)
        }
        pattern.append(wildcard)
        return Text(decoding: pattern)
    }

    /// The text that a pattern of ``containing(_:)`` looks for.
    static func text(of pattern: Text) -> Text {
        var text: [UInt8] = []
        var isEscaped = false
        for byte in pattern.utf8.dropFirst().dropLast() {
            isEscaped = byte == escape && !isEscaped
            if !isEscaped { text.append(byte) }
        }
        return Text(decoding: text)
    }

    /// The condition that `column` matches the pattern of ``containing(_:)`` that `placeholder` stands for.
    ///
    /// PostgreSQL finds it by an index of trigrams, where there is one. SQLite's own `LIKE` compares the pattern at each place of the
    /// text, in time that is their product: two hundred characters in a text of the same one took a hundred times as long as words do.
    public static func condition(_ column: String, _ placeholder: String, _ dialect: SQLDialect) -> String {
        switch dialect {
        case .postgres: "fold_case(\(column)) LIKE fold_case(\(placeholder)) ESCAPE '!'"
        case .sqlite: "fold_contains(\(column), \(placeholder))"
        }
    }
}
