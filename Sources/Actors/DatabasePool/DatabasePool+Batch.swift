// One statement with many bindings, outside of any transaction. On the pool's loop.

public import Reactor

extension DatabasePool {
    /// Runs one statement once for each element of `batch`; see ``SQLExecutor/execute(_:batch:)``. The caller is resumed once, however
    /// many there are.
    ///
    /// Reading executions whose connection breaks are run once more, together; writing ones never are. The observer is told once, with
    /// the first error.
    /// - Throws: as ``execute(_:_:)`` does, where none was sent; `.cancelled` when the task was cancelled.
    public func execute(
        _ statement: SQLStatement, batch: [[SQLValue]]
    ) async throws(DatabaseError) -> [Result<SQLRows, DatabaseError>] {
        guard !batch.isEmpty else { return [] }
        try enter()
        let began = MonotonicInstant.now()
        defer {
            counters.statementTime += MonotonicInstant.now() - began
            leave()
        }
        counters.statements += batch.count
        do throws(DatabaseError) {
            let results =
                switch dialect {
                case .postgres: try await executeShared(statement, batch: batch)
                case .sqlite: try await executeLeased(statement, batch: batch, statement.kind == .read ? lanes[0] : lastLane)
                }
            let failures = results.lazy.compactMap(\.failure)
            counters.errors += failures.count { _ in true }
            for failure in failures { note(failure) }
            observer?(statement, began, failures.first)
            return results
        } catch {
            note(error)
            counters.errors += batch.count
            observer?(statement, began, error)
            throw error
        }
    }

    private func executeShared(
        _ statement: SQLStatement, batch: [[SQLValue]]
    ) async throws(DatabaseError) -> [Result<SQLRows, DatabaseError>] {
        var results: [Result<SQLRows, DatabaseError>] = []
        /// Places in the batch of what is to be run in this turn.
        var pending = Array(batch.indices)
        var attempt = 0
        while true {
            attempt += 1
            do throws(DatabaseError) {
                let answers = try await executeOnce(statement, batch: results.isEmpty ? batch : pending.map { batch[$0] })
                if results.isEmpty {
                    results = answers
                } else {
                    for (position, answer) in zip(pending, answers) { results[position] = answer }
                }
            } catch {
                // Not sent. With results of an earlier turn, those stand: they say what became of their statements.
                guard error == .closed || !results.isEmpty, error != .cancelled else { throw error }
                if results.isEmpty { results = Array(repeating: .failure(error), count: batch.count) }
            }
            pending = pending.filter { DatabasePool.mayRepeat(results[$0], statement.kind, attempt) }
            guard !pending.isEmpty, !isShuttingDown else { return results }
        }
    }

    private static func mayRepeat(
        _ result: Result<SQLRows, DatabaseError>, _ kind: SQLStatement.Kind, _ attempt: Int
    ) -> Bool {
        switch result {
        case .failure(.closed): attempt < 3  // closed before the statement was sent
        case .failure(.connectionLost): kind == .read && attempt == 1
        default: false
        }
    }

    private func executeOnce(
        _ statement: SQLStatement, batch: [[SQLValue]]
    ) async throws(DatabaseError) -> [Result<SQLRows, DatabaseError>] {
        let connection = try await sharedConnection()
        if connection.silence > DatabasePool.overflowThreshold, lastLane.state.hasRoom {
            return try await executeLeased(statement, batch: batch, lastLane)
        }
        return try await connection.execute(statement, batch: batch)
    }

    private func executeLeased(
        _ statement: SQLStatement, batch: [[SQLValue]], _ lane: PoolLane
    ) async throws(DatabaseError) -> [Result<SQLRows, DatabaseError>] {
        let (id, connection) = try await lease(lane)
        do throws(DatabaseError) {
            let results = try await connection.execute(statement, batch: batch)
            await giveBack(id, lane, isClean: true)
            return results
        } catch {
            await giveBack(id, lane, isClean: false)
            throw error
        }
    }
}

extension Result {
    /// The error, if it is one.
    var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
