// What a transaction's body is given. Belongs to one call of withTransaction, on its pool's loop.

import Reactor

/// The connection of a transaction, for as long as the transaction lasts.
final class DatabaseTransaction: SQLExecutor {
    let dialect: SQLDialect
    private var connection: (any DatabaseConnection)?
    /// A statement met a collision: the whole transaction may be run again, whatever its body makes of the error.
    private(set) var hasCollided = false

    init(_ connection: any DatabaseConnection) {
        dialect = connection.dialect
        self.connection = connection
    }

    func execute(_ statement: SQLStatement, _ bindings: [SQLValue]) async throws(DatabaseError) -> SQLRows {
        guard let connection else { throw .closed }
        do throws(DatabaseError) {
            return try await connection.execute(statement, bindings)
        } catch {
            if error == .serialization { hasCollided = true }
            throw error
        }
    }

    func script(_ sql: String) async throws(DatabaseError) {
        guard let connection else { throw .closed }
        do throws(DatabaseError) {
            try await connection.script(sql)
        } catch {
            if error == .serialization { hasCollided = true }
            throw error
        }
    }

    /// The connection goes back: whoever kept this object can do nothing with it.
    func end() {
        connection = nil
    }
}
