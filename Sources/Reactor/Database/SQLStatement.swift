// A statement's text in both dialects. A constant of a Repository as a rule; any thread.

/// A statement and whether it may be run twice.
///
/// Placeholders are `$1`, `$2` ... in both dialects. Statements are prepared once a connection and kept by their text, so values
/// belong in bindings, never in the text.
public struct SQLStatement: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// Changes nothing: may be replayed, and shares a synchronisation point with its neighbours.
        case read
        /// Changes something (or locks something): run at most once, with a synchronisation point of its own.
        case write
    }

    public let kind: Kind
    public let postgres: String
    public let sqlite: String

    private init(kind: Kind, postgres: String, sqlite: String) {
        self.kind = kind
        self.postgres = postgres
        self.sqlite = sqlite
    }

    /// A statement that changes nothing, in one text for both dialects.
    public static func read(_ sql: String) -> SQLStatement {
        SQLStatement(kind: .read, postgres: sql, sqlite: sql)
    }

    /// A statement that changes something, in one text for both dialects.
    public static func write(_ sql: String) -> SQLStatement {
        SQLStatement(kind: .write, postgres: sql, sqlite: sql)
    }

    public static func read(postgres: String, sqlite: String) -> SQLStatement {
        SQLStatement(kind: .read, postgres: postgres, sqlite: sqlite)
    }

    public static func write(postgres: String, sqlite: String) -> SQLStatement {
        SQLStatement(kind: .write, postgres: postgres, sqlite: sqlite)
    }

    /// The text for `dialect`.
    public func text(_ dialect: SQLDialect) -> String {
        dialect == .postgres ? postgres : sqlite
    }
}
