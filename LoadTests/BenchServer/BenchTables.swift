// TechEmpower's two tables, made where they are missing. Runs before the server listens.

import Actors
import Reactor

/// world: 10,000 rows of random numbers. fortune: the twelve rows that the test's own checks expect.
enum BenchTables {
    static let worldCount = 10_000
    private static let rowsPerInsert = 500
    /// Any number will do, as long as every process that prepares uses this one.
    private static let advisoryLock = 7_105_626

    /// Idempotent, and several processes may do it at once.
    /// - Returns: the random numbers, by id.
    static func prepare(_ database: DatabasePool) async throws -> [Int64] {
        try await database.withTransaction { transaction in
            if transaction.dialect == .postgres {
                // CREATE TABLE IF NOT EXISTS of two sessions at once fails in one of them.
                _ = try await transaction.execute(.write("SELECT pg_advisory_xact_lock(\(advisoryLock))"), [])
            }
            try await fillWorlds(transaction)
            try await fillFortunes(transaction)
            let rows = try await transaction.execute(.read("SELECT randomnumber FROM world ORDER BY id"), [])
            return try rows.map { try $0.int(0) }
        }
    }

    private static func fillWorlds(_ transaction: any SQLExecutor) async throws {
        try await transaction.script(
            "CREATE TABLE IF NOT EXISTS world (id integer PRIMARY KEY, randomnumber integer NOT NULL DEFAULT 0)")
        let count = try await transaction.execute(.read("SELECT count(*) FROM world"), [])
        guard try count.first?.int(0) == 0 else { return }
        for start in stride(from: 1, through: worldCount, by: rowsPerInsert) {
            let values = (start..<start + rowsPerInsert).map { "(\($0), \(Int.random(in: 1...worldCount)))" }.joined(separator: ", ")
            try await transaction.script("INSERT INTO world (id, randomnumber) VALUES \(values)")
        }
        try await transaction.script("ANALYZE world")
    }

    private static func fillFortunes(_ transaction: any SQLExecutor) async throws {
        try await transaction.script(
            "CREATE TABLE IF NOT EXISTS fortune (id integer PRIMARY KEY, message varchar(2048) NOT NULL)")
        let count = try await transaction.execute(.read("SELECT count(*) FROM fortune"), [])
        guard try count.first?.int(0) == 0 else { return }
        let rows = fortunes.enumerated().map { number, message -> [SQLValue] in [.int(Int64(number + 1)), .text(message)] }
        for result in try await transaction.execute(.write("INSERT INTO fortune (id, message) VALUES ($1, $2)"), batch: rows) {
            _ = try result.get()
        }
        try await transaction.script("ANALYZE fortune")
    }

    /// The test's data: with markup that must be escaped, and letters that are not Latin.
    private static let fortunes = [
        "fortune: No such file or directory",
        "A computer scientist is someone who fixes things that aren't broken.",
        "After enough decimal places, nobody gives a damn.",
        "A bad random number generator: 1, 1, 1, 1, 1, 4.33e+67, 1, 1, 1",
        "A computer program does what you tell it to do, not what you want it to do.",
        "Emacs is a nice operating system, but I prefer UNIX. — Tom Christaensen",
        "Any program that runs right is obsolete.",
        "A list is only as strong as its weakest link. — Donald Knuth",
        "Feature: A bug with seniority.",
        "Computers make very fast, very accurate mistakes.",
        #"<script>alert("This should not be displayed in a browser alert box.");</script>"#,
        "フレームワークのベンチマーク",
    ]
}
