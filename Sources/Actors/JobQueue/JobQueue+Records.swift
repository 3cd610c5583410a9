// What the queue tells of its jobs, and how it forgets them.

public import Reactor

extension JobQueue {
    /// What is known of a job; nil where there is none of that id.
    public func record(_ id: JobID) async throws(DatabaseError) -> JobRecord? {
        guard let row = try await database.execute(JobStatements.record, [.uuid(id.text)]).first else { return nil }
        return try JobRecord(row)
    }

    /// A page of jobs, newest first.
    /// - Parameter position: where the page before this one ended; wins over `skip`.
    public func list(
        _ filter: JobFilter, limit: Int, skip: Int = 0, after position: JobPosition? = nil
    ) async throws(DatabaseError) -> JobPage {
        let statement = JobListStatement(filter)
        let list = statement.list(limit: limit, skip: skip, after: position)
        let rows = try await database.execute(list.statement, list.bindings)
        var jobs: [JobRecord] = []
        for row in rows { jobs.append(try JobRecord(row)) }
        if let row = rows.first { return JobPage(jobs: jobs, total: Int(clamping: try row.int(JobListStatement.totalColumn))) }
        // A page behind the end carries no row to tell the total.
        guard skip > 0 || position != nil else { return JobPage(jobs: [], total: 0) }
        let count = statement.count
        let total = try await database.execute(count.statement, count.bindings).first?.int(0) ?? 0
        return JobPage(jobs: [], total: Int(clamping: total))
    }

    /// How many jobs there are in each state that has any.
    public func countsByStatus() async throws(DatabaseError) -> [JobStatus: Int] {
        var counts: [JobStatus: Int] = [:]
        for row in try await database.execute(JobStatements.countsByStatus, []) {
            guard let status = JobStatus(rawValue: try row.asciiString(0)) else { continue }
            counts[status] = Int(clamping: try row.int(1))
        }
        return counts
    }

    /// Removes jobs that ended before `cutoff`.
    /// - Parameter limit: a statement must not hold its locks for as long as it takes to remove a year's worth.
    /// - Returns: how many there were; `limit` means that there may be more.
    public func removeFinished(before cutoff: Timestamp, limit: Int) async throws(DatabaseError) -> Int {
        try await database.execute(JobStatements.removeFinished, [.timestamp(cutoff), .int(Int64(limit))]).affectedRows
    }
}

extension JobRecord {
    /// Reads ``JobStatements/columns``.
    fileprivate init(_ row: SQLRow) throws(DatabaseError) {
        let status = try row.asciiString(3)
        guard let known = JobStatus(rawValue: status) else { throw .decoding("no job status is called \(status)") }
        self.init(
            id: try JobID(of: row), kind: try row.text(1), ownerID: try row.optionalInt(2), status: known,
            priority: Int(clamping: try row.int(4)), attempts: Int(clamping: try row.int(5)),
            maxAttempts: Int(clamping: try row.int(6)), progress: Int(clamping: try row.int(7)),
            result: try row.optionalText(8), lastError: try row.optionalText(9), runAt: try row.timestamp(10),
            createdAt: try row.timestamp(11), startedAt: try row.optionalTimestamp(12), finishedAt: try row.optionalTimestamp(13))
    }
}
