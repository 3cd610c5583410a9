// An error report of the server, and what it means. A value; any thread.

/// The fields of an ErrorResponse that decide anything.
struct PostgresFailure: Error, Equatable {
    var sqlState: String
    /// The primary message only: the detail quotes values. It may quote a text from outside, and so is searched as a ``Text``.
    var message: String
    var constraint: String?
    var column: String?

    /// A prepared statement that the server does not know (any more), or whose result has changed shape: preparing it anew
    /// helps, and nothing was run.
    var isStaleStatement: Bool {
        sqlState == "26000" || (sqlState == "0A000" && Text(message).hasPrefix("cached plan"))
    }

    /// The text itself is wrong ("syntax error or access rule violation"): sending it once more changes nothing.
    var isOfTheText: Bool { sqlState.hasPrefix("42") }

    /// The error by its SQLSTATE (PostgreSQL, appendix A).
    /// - Parameter isWrite: whether the failed statement may have changed something.
    func error(isWrite: Bool) -> DatabaseError {
        switch sqlState {
        case "23505": .constraint(.unique, name: constraint)
        case "23503": .constraint(.foreignKey, name: constraint)
        case "23514": .constraint(.check, name: constraint)
        case "23502": .constraint(.notNull, name: column)
        case "40001", "40P01": .serialization
        case "57014" where Text(message).contains("user request"): .cancelled
        case "57014": .timeout("the statement took too long")
        case "57P01", "57P02", "57P03", "57P05": .connectionLost(commitUnknown: isWrite)
        case let state where state.hasPrefix("08") && state != "08P01": .connectionLost(commitUnknown: isWrite)
        default: .statement(sqlState: sqlState, message: message)
        }
    }
}
