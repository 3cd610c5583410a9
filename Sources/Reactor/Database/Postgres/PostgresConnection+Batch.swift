// One statement with many bindings, in one pipeline. On-loop.

extension PostgresConnection {
    /// Runs one statement once for each element of `batch`; see ``SQLExecutor/execute(_:batch:)``.
    ///
    /// On a shared connection reads go under one Sync for each 64 of them, with whatever else the tick reads: those behind a failing one
    /// are sent again. Each write has its own.
    /// - Throws: `.unavailable` where the batch would make more statements in flight than
    ///   ``DatabaseConfiguration/maxStatementsInFlight``.
    public func execute(
        _ statement: SQLStatement, batch: [[SQLValue]]
    ) async throws(DatabaseError) -> [Result<SQLRows, DatabaseError>] {
        guard !batch.isEmpty else { return [] }
        guard !Task.isCancelled else { throw .cancelled }
        try checkAcceptsMore(batch.count)
        let results = PostgresBatch(loop: loop, count: batch.count)
        let submitted = loop.now
        for (position, bindings) in batch.enumerated() {
            let request = PostgresRequest(
                sql: statement.postgres, bindings: bindings, isWrite: statement.kind == .write, submitted: submitted,
                timeout: configuration.statementTimeout, batch: results, position: position)
            submitForBatch(request)
        }
        return try await results.wait()
    }

    /// One that cannot be sent has its answer at once, and the next ones are sent all the same.
    private func submitForBatch(_ request: PostgresRequest) {
        // Nothing of it has left: that is to be known of a write.
        guard isUsable else { return request.fail(.closed) }
        do throws(DatabaseError) {
            try submit(request)
        } catch {
            request.fail(error)
        }
    }
}
