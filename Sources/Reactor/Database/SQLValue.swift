// What goes into a statement, and what a materialised row holds. A value; any thread.

/// One SQL value.
///
/// PostgreSQL infers a parameter's type from where it stands, so a case says how the value is written down, not what the column
/// is. SQLite stores booleans as 0 and 1, timestamps as ``Timestamp/sql``, decimals and UUIDs as text.
public enum SQLValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    /// UTF-8 without U+0000, which PostgreSQL cannot store: such a text is refused there with SQLSTATE 22021.
    case text(Text)
    case bytes([UInt8])
    case timestamp(Timestamp)
    /// An exact decimal number, such as "19.99".
    case decimal(String)
    /// The 36-character form, lower case.
    case uuid(String)

    /// The same for a string of the program's own: a keyword, an identifier.
    @inlinable
    public static func text(_ string: String) -> SQLValue { .text(Text(string)) }
}
