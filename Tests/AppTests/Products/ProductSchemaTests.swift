// What the database itself refuses of products and posts, past every service.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct ProductSchemaTests {
    @Test(arguments: TestDatabase.available)
    func theSecondMigrationNamesItsConstraints(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            try await Migrator(pool: pool).up()
            let product = SQLStatement.write("INSERT INTO products (name, price) VALUES ('x', $1) RETURNING price")
            for hundredths: Int64 in [0, 1_990, 999_999_999_999] {
                let price = Price(hundredths: hundredths)
                _ = try await pool.execute(product, [.price(price, pool.dialect)])
            }
            for hundredths: Int64 in [-1, 1_000_000_000_000] {
                let price = SQLValue.price(Price(hundredths: hundredths), pool.dialect)
                // PostgreSQL's type is narrower than the check above, and asked first.
                await #expect(throws: DatabaseError.self) { try await pool.execute(product, [price]) }
            }
            await #expect(throws: DatabaseError.constraint(.check, name: "products_price_check")) {
                try await pool.execute(product, [.price(Price(hundredths: -1), pool.dialect)])
            }
            let prices = try await pool.execute(.read("SELECT id FROM products ORDER BY price DESC"), [])
            try #expect(prices.map { try $0.int(0) } == [3, 2, 1])
            let post = SQLStatement.write("INSERT INTO posts (user_id, title, content) VALUES ($1, 't', 'c')")
            do {
                _ = try await pool.execute(post, [.int(1)])
                Issue.record("a post of nobody")
            } catch DatabaseError.constraint(.foreignKey, let name) {
                // SQLite does not say which one.
                #expect(name == nil || name == "posts_user_id_fkey")
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func bothDatabasesFoldTheCaseOfTheSameLetters(_ backend: TestDatabase) async throws {
        try await backend.withPool { pool in
            try await Migrator(pool: pool).up()
            let fold = SQLStatement.read("SELECT fold_case(CAST($1 AS text))")
            for (text, folded) in [
                ("ärger", "ÄRGER"), ("Straße", "STRASSE"), ("ẞ", "SS"), ("ὈΔΥΣΣΕΎΣ ς σ", "ὈΔΥΣΣΕΎΣ Σ Σ"), ("\u{212A}\u{17F}", "KS"),
                ("i\u{307} İ ı", "I\u{307} I\u{307} I"), ("ǆ ﬃ", "Ǆ FFI"), ("a%_!'\\", "A%_!'\\"), ("😀", "😀"), ("", ""),
            ] {
                try await #expect(pool.execute(fold, [.text(text)])[0].string(0) == folded, "\(text)")
            }
            try await #expect(pool.execute(fold, [.null])[0].isNull(0))
        }
    }
}
