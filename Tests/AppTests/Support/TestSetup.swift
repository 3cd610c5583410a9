// What an application test runs on: every database that is there, in memory and over a socket. Values; any thread.

import Actors
@testable import App
import FoundationEssentials
import Reactor
import TestSupport
import Testing

/// A database and a way to the application.
struct TestSetup: Sendable, CustomTestStringConvertible {
    enum Database: String, Sendable {
        case sqlite, postgres
    }

    enum Way: String, Sendable {
        case memory, socket
    }

    var database = Database.sqlite
    var way = Way.memory

    var testDescription: String { "\(database.rawValue), \(way.rawValue)" }

    /// All of them: PostgreSQL where the test command started one.
    static var all: [TestSetup] {
        databases.flatMap { database in [Way.memory, .socket].map { TestSetup(database: database, way: $0) } }
    }

    /// Each database once, over a socket.
    static var overSockets: [TestSetup] { databases.map { TestSetup(database: $0, way: .socket) } }

    private static var databases: [Database] { postgresURL == nil ? [.sqlite] : [.sqlite, .postgres] }

    private static var postgresURL: String? {
        guard let url = ProcessInfo.processInfo.environment["TEST_POSTGRES_URL"], !url.isEmpty else { return nil }
        return url
    }

    /// Runs `body` with the URL of an empty database of its own, which is gone afterwards.
    func withDatabase<Result>(in folder: String, on loop: EventLoop, _ body: (String) async throws -> Result) async throws -> Result {
        guard database == .postgres, let url = TestSetup.postgresURL else { return try await body("sqlite:\(folder)/test.db") }
        // A schema of its own: a database would take PostgreSQL a tenth of a second each.
        let schema = "app_test_\(String(UInt64.random(in: .min ... .max), radix: 36))"
        try await TestSetup.administrate(url, on: loop, "CREATE SCHEMA \(schema)")
        do {
            let result = try await body("\(url)\(url.contains("?") ? "&" : "?")options=-c%20search_path%3D\(schema)")
            try await TestSetup.administrate(url, on: loop, "DROP SCHEMA \(schema) CASCADE")
            return result
        } catch {
            try? await TestSetup.administrate(url, on: loop, "DROP SCHEMA \(schema) CASCADE")
            throw error
        }
    }

    private static func administrate(_ url: String, on loop: EventLoop, _ sql: String) async throws {
        let pool = DatabasePool(loop: loop, configuration: try DatabaseConfiguration(url: url))
        let work = Task(executorPreference: loop) { try await pool.script(sql) }
        let result = await work.result
        await pool.shutdown()
        try result.get()
    }
}
