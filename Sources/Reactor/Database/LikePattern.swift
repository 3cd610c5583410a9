// Searching in text, the same on both databases whatever their locale. Pure; any thread.

/// A part of a text to look for, whatever its case.
///
/// Neither SQLite's `LIKE`, which knows the case of ASCII letters alone, nor PostgreSQL's `ILIKE`, which asks the database's
/// locale, would do: `fold_case` is a function of ours on both, of SQLite's connections and of a migration for PostgreSQL.
public enum LikePattern {
    /// Matches whatever contains `text`, of which no character is a wildcard. The escape character is `!`.
    public static func containing(_ text: Text) -> Text {
        var pattern: [UInt8] = [UInt8(ascii: "%")]
        pattern.reserveCapacity(text.byteCount + 8)
        for byte in text.utf8 {
            if byte == UInt8(ascii: "%") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "!") { pattern.append(UInt8(ascii: "!")) }
            pattern.append(byte)
        }
        pattern.append(UInt8(ascii: "%"))
        return Text(decoding: pattern)
    }

    /// The condition that `column` matches the pattern behind `placeholder`.
    public static func condition(_ column: String, _ placeholder: String) -> String {
        "fold_case(\(column)) LIKE fold_case(\(placeholder)) ESCAPE '!'"
    }
}
