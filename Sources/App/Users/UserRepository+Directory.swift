// What administrators and the directory ask of `users`: lists, counts, and rows that are held while somebody decides about them.

import Reactor

/// Which users are meant.
struct UserFilter: Sendable, Hashable {
    /// A part of a name, in any case. Not empty.
    let name: Text?
    /// Rows that were made at this time or later.
    let createdAfter: Timestamp?
    /// Whether a part of `full_name` or of the username will do as well. Whoever does not see these must not find by them either.
    let searchesAllNames: Bool

    init(name: Text? = nil, createdAfter: Timestamp? = nil, searchesAllNames: Bool = true) {
        self.name = name?.isEmpty == true ? nil : name
        self.createdAfter = createdAfter
        self.searchesAllNames = searchesAllNames
    }

    /// For a cache: the free text comes last, so that it can imitate none of the others.
    var key: Text { "\(createdAfter.map { String($0.microseconds) } ?? "")|\(searchesAllNames ? "a" : "")|\(name ?? "")" }

    var statement: ListStatement {
        var statement = ListStatement(UserRepository.columns, from: "users")
        if let name {
            let columns = searchesAllNames ? ["name", "full_name", "username"] : ["name"]
            statement.addSearch(for: name, in: columns)
        }
        if let createdAfter { statement.add(.timestamp(createdAfter)) { "created_at >= \($0)" } }
        return statement
    }
}

extension UserRepository {
    /// Newest first.
    static func list(
        _ filter: UserFilter, _ page: PageRequest, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> ListSlice<User> {
        try await filter.statement.run(page, in: executor) { row throws(DatabaseError) in try user(row) }
    }

    /// How many users a list has.
    static func count(_ filter: UserFilter, in executor: any SQLExecutor) async throws(DatabaseError) -> Int {
        try await filter.statement.runCount(in: executor)
    }

    /// A user as committed, whom nobody else can change or log in as before the transaction ends.
    static func lockForUpdate(id: Int64, in transaction: any SQLExecutor) async throws(DatabaseError) -> Credentials? {
        try await firstCredentials(transaction.execute(lockRow, [.int(id)]))
    }

    // SQLite has one writer at a time, and this is it.
    private static let lockRow = SQLStatement.write(
        postgres: "SELECT \(columns), hashed_password FROM users WHERE id = $1 FOR UPDATE",
        sqlite: "SELECT \(columns), hashed_password FROM users WHERE id = $1")
}
