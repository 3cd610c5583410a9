// Which statements one connection has prepared, by their text. Belongs to its connection.

/// A prepared statement as the server knows it.
final class PostgresPreparedStatement {
    let name: String
    /// Its preparation was sent, and has not failed.
    var isPrepared = false
    /// Why the server will not have this text at all: what else was sent under its name fails for the same reason.
    var refusal: DatabaseError?
    fileprivate var lastUse = 0

    fileprivate init(name: String) {
        self.name = name
    }
}

/// Prepared statements by their text; the one that was not used for longest makes room.
struct PostgresStatementCache {
    /// More than the statements that the server has; one takes some 10 KiB of PostgreSQL's memory.
    let capacity: Int
    private var statements: [String: PostgresPreparedStatement] = [:]
    private var uses = 0
    private var names = 0

    init(capacity: Int = 256) {
        self.capacity = capacity
    }

    var count: Int { statements.count }

    /// The statement for `sql`.
    /// - Parameter evicted: the name of a statement that the server may forget now; statements that are in flight under that
    ///   name run before it does.
    mutating func statement(_ sql: String, evicted: (String) -> Void) -> PostgresPreparedStatement {
        uses &+= 1
        if let statement = statements[sql] {
            statement.lastUse = uses
            return statement
        }
        if statements.count >= capacity, let oldest = statements.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            // A scan, and only when a statement has to be prepared anyway.
            statements[oldest.key] = nil
            if oldest.value.isPrepared { evicted(oldest.value.name) }
        }
        names &+= 1
        // A name is never used twice: a stale statement and its successor are two. And it is the text's: behind a pooler, where another
        // client's statement of that name may be found, it is the same statement.
        let bytes = Array(sql.utf8)
        let statement = PostgresPreparedStatement(name: "s\(names)_\(String(XXHash64.hash(bytes.span), radix: 36))")
        statement.lastUse = uses
        statements[sql] = statement
        return statement
    }

    /// Forgets `statement`, so that the next use of its text prepares it anew.
    mutating func invalidate(_ sql: String, _ statement: PostgresPreparedStatement) {
        if statements[sql] === statement { statements[sql] = nil }
    }
}
