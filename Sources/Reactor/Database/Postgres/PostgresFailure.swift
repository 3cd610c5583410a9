// An error report of the server, and what it means. A value; any thread.

/// The fields of an ErrorResponse that decide anything.
struct PostgresFailure: Error, Equatable {
    var sqlState: String
    /// The primary message only: the detail quotes values. It may quote a text from outside, and so is searched as a ``Text``.
    var message: String
    var constraint: String?
    var column: String?

    /// A prepared statement that the server does not know (any more), knows already, or whose result has changed shape: preparing it
    /// anew, under another name, helps, and nothing was run.
    var isStaleStatement: Bool {
        isLostStatement || (sqlState == "0A000" && Text(message).hasPrefix("cached plan"))
    }

    /// A prepared statement is not there, or is there already: another server process than the one that we have prepared it with.
    var isLostStatement: Bool { sqlState == "26000" || sqlState == "42P05" }

    /// The text itself is wrong ("syntax error or access rule violation"): sending it once more changes nothing.
    var isOfTheText: Bool { sqlState.hasPrefix("42") }

    /// The server refuses writes. A connection made anew may lead to another server: the name, the virtual address or the pooler in
    /// between points to the one that took over.
    var isReadOnly: Bool { sqlState == "25006" }

    /// The server, or a pooler, says that the connection is of no more use; most then close it.
    var endsConnection: Bool { sqlState.hasPrefix("08") || sqlState.hasPrefix("57P") }

    /// The error by its SQLSTATE (PostgreSQL, appendix A). The policy of each class:
    ///
    /// | SQLSTATE | what it is | what becomes of the connection, and of the request |
    /// |---|---|---|
    /// | 08xxx, 57P01 to 57P05 | the connection or the server ends; poolers report their own troubles as 08P01 | replaced; a read is run again, a write is 503 |
    /// | 25006 | read-only; in a transaction that is to read only, a fault of ours: 500 | replaced, at most every few seconds; 503, not ready |
    /// | 53100 | disk full | kept; 507, not ready |
    /// | 53xxx | out of memory, connections or another limit, perhaps for this statement alone | kept; 503, logged for each request |
    /// | 26000, 42P05, 0A000 "cached plan" | the prepared statement is not what we think | kept; prepared anew and run once more |
    /// | 40001, 40P01 | collision | kept; the transaction is run again |
    /// | 57014 | statement timeout, or cancelled | kept; 503 |
    /// | 23xxx | constraint | kept; the caller's matter |
    /// | any other | a fault of ours, or of the server's | kept; 500, logged for each request |
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
        case "25006": .incapable(.readOnly)
        case "53100": .incapable(.storageFull)
        case let state where state.hasPrefix("53"): .incapable(.exhausted)
        case let state where state.hasPrefix("57P") || state.hasPrefix("08"): .connectionLost(commitUnknown: isWrite)
        default: .statement(sqlState: sqlState, message: message)
        }
    }
}
