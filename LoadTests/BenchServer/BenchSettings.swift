// What the environment says. A value; any thread.

import Reactor

/// HOST, PORT, LOOPS, DATABASE_URL, REDIS_URL, SYNC_EACH, TLS_CERT, TLS_KEY.
struct BenchSettings: Sendable {
    var host = "127.0.0.1"
    var port = 8080
    var loops = 1
    var database: DatabaseConfiguration?
    var redis: RedisConfiguration?
    /// Nil is HTTP in clear.
    var tls: TLSContext?
    /// SYNC_EACH=1: every query on PostgreSQL has a Sync of its own, as TechEmpower's general rule 7 asks of what enters its tables. This
    /// server's driver lets the reads of one tick share one, which is how the application runs, and what is measured unless this is set.
    var syncsEachQuery = false

    struct Invalid: Error, CustomStringConvertible {
        let description: String
    }

    init() throws {
        if let value = environment("HOST") { host = value }
        if let value = environment("PORT") {
            guard let number = Int(value) else { throw Invalid(description: "PORT is not a number: \(value)") }
            port = number
        }
        if let value = environment("LOOPS") {
            guard let number = Int(value), number > 0 else { throw Invalid(description: "LOOPS is not a positive number: \(value)") }
            loops = number
        }
        if let value = environment("DATABASE_URL") { database = try DatabaseConfiguration(url: value) }
        if let value = environment("REDIS_URL") { redis = try RedisConfiguration(url: value) }
        if let value = environment("SYNC_EACH") {
            guard value == "0" || value == "1" else { throw Invalid(description: "SYNC_EACH is 0 or 1, not \(value)") }
            syncsEachQuery = value == "1"
        }
        if let certificate = environment("TLS_CERT") {
            guard let key = environment("TLS_KEY") else { throw Invalid(description: "TLS_CERT without TLS_KEY") }
            tls = try TLSContext(certificateFile: certificate, keyFile: key)
        }
    }
}
