// A table of the pool's tests.

import Actors
import Reactor
import TestSupport

/// Runs `body` on a database with an empty table `items`.
func withItems(
    _ backend: TestDatabase, _ body: @escaping @Sendable (DatabasePool) async throws -> Void
) async throws {
    try await backend.withPool { pool in
        try await pool.script("CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL)")
        try await body(pool)
    }
}

/// How many rows it has.
func items(_ pool: DatabasePool) async throws -> Int64 {
    try await pool.execute(.read("SELECT count(*) FROM items"), [])[0].int(0)
}
