// Which SQL a database speaks. A value; any thread.

/// The two databases. A Repository asks for it only where one text does not serve both.
public enum SQLDialect: Sendable, Hashable {
    case postgres
    case sqlite
}
