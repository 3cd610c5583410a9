// What a transaction's body is given. Belongs to one call of withTransaction, on its pool's loop.

import Reactor

/// The connection of a transaction, for as long as the transaction lasts.
final class DatabaseTransaction: SQLExecutor {
    let dialect: SQLDialect
    private var connection: (any DatabaseConnection)?
    /// A statement met a collision: the whole transaction may be run again, whatever its body makes of the error.
    private(set) var hasCollided = false
    /// A statement was refused because the database cannot serve, whatever the body makes of the error.
    private(set) var incapacity: DatabaseError?
    /// What waits for the commit.
    private var commitActions: [@Sendable () -> Void] = []

    private let observer: StatementObserver?

    init(_ connection: any DatabaseConnection, observer: StatementObserver?) {
        dialect = connection.dialect
        self.observer = observer
        self.connection = connection
    }

    func execute(_ statement: SQLStatement, _ bindings: [SQLValue]) async throws(DatabaseError) -> SQLRows {
        guard let connection else { throw .closed }
        guard let observer else { return try await run(statement, bindings, on: connection) }
        let began = MonotonicInstant.now()
        do throws(DatabaseError) {
            let rows = try await run(statement, bindings, on: connection)
            observer(statement, began, nil)
            return rows
        } catch {
            observer(statement, began, error)
            throw error
        }
    }

    func execute(
        _ statement: SQLStatement, batch: [[SQLValue]]
    ) async throws(DatabaseError) -> [Result<SQLRows, DatabaseError>] {
        guard let connection else { throw .closed }
        let began = MonotonicInstant.now()
        do throws(DatabaseError) {
            let results = try await connection.execute(statement, batch: batch)
            let failures = results.lazy.compactMap(\.failure)
            for failure in failures { note(failure) }
            observer?(statement, began, failures.first)
            return results
        } catch {
            note(error)
            observer?(statement, began, error)
            throw error
        }
    }

    private func run(
        _ statement: SQLStatement, _ bindings: [SQLValue], on connection: any DatabaseConnection
    ) async throws(DatabaseError) -> SQLRows {
        do throws(DatabaseError) {
            return try await connection.execute(statement, bindings)
        } catch {
            note(error)
            throw error
        }
    }

    func script(_ sql: String) async throws(DatabaseError) {
        guard let connection else { throw .closed }
        do throws(DatabaseError) {
            try await connection.script(sql)
        } catch {
            note(error)
            throw error
        }
    }

    private func note(_ error: DatabaseError) {
        switch error {
        case .serialization: hasCollided = true
        case .incapable: incapacity = error
        default: break
        }
    }

    /// Calls `action` once the transaction has committed; never where it does not, or where nobody knows.
    func afterCommit(_ action: @escaping @Sendable () -> Void) {
        commitActions.append(action)
    }

    /// The connection goes back: whoever kept this object can do nothing with it.
    func end() {
        connection = nil
    }

    func committed() {
        for action in commitActions { action() }
    }
}
