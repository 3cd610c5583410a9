// The SQL functions of ours.

import Reactor
import TestSupport
import Testing

@Suite struct SQLiteFunctionsTests {
    private static func fold(_ value: SQLValue, in database: SQLiteConnection) async throws -> SQLValue {
        try await database.execute(.read("SELECT fold_case($1)"), [value])[0].value(0)
    }

    @Test func textsThatDifferInCaseAloneFoldToTheSame() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            for (one, other) in [
                ("ärger", "ÄRGER"), ("Straße", "STRASSE"), ("ẞ", "ß"), ("Οδός", "ΟΔΌΣ"), ("ς", "σ"), ("ж", "Ж"), ("ﬃ", "FFI"),
                ("\u{212A}", "k"), ("a%_!", "A%_!"), ("", ""), ("😀é\u{301}", "😀É\u{301}"),
            ] {
                let folded = try await SQLiteFunctionsTests.fold(.text(one), in: database)
                try await #expect(SQLiteFunctionsTests.fold(.text(other), in: database) == folded, "\(one)")
            }
            try await #expect(SQLiteFunctionsTests.fold(.text("naïve 1"), in: database) == .text("NAÏVE 1"))
            try await #expect(SQLiteFunctionsTests.fold(.text("e"), in: database) != .text("É"))
            await database.close()
        }
    }

    /// What `LIKE` says of the folded texts, `fold_contains` says too.
    @Test func aSearchFindsWhatLikeWouldFind() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            let texts: [Text] = ["", "a", "Oat milk", "100% ÄRGER!", "a_b", "Straße", "e\u{301}", "!%_", "\u{1F469}\u{200D}\u{1F467}"]
            let searches: [Text] = ["", "MILK", "%", "_", "!", "!%", "ärger", "SS", "\u{301}", "\u{200D}", "milk ", "aa"]
            for text in texts {
                for search in searches {
                    let bindings: [SQLValue] = [.text(text), .text(LikePattern.containing(search))]
                    let row = try await database.execute(
                        .read("SELECT fold_contains($1, $2), fold_case($1) LIKE fold_case($2) ESCAPE '!'"), bindings)[0]
                    try #expect(row.bool(0) == row.bool(1), "\(search.debugDescription) in \(text.debugDescription)")
                }
            }
            try await #expect(
                database.execute(.read("SELECT fold_contains(NULL, $1)"), [.text(LikePattern.containing("a"))])[0].isNull(0))
            await database.close()
        }
    }

    /// A long search in a long text of the same letter: `LIKE` looks at each place of the text for all of it.
    @Test func aSearchTakesTheSumOfTheLengthsAndNotTheirProduct() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            func cost(_ search: String) async throws -> Duration {
                let statement = SQLStatement.read(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT sum(fold_contains($1, $2)) FROM n"
                )
                let text = Text(String(repeating: "a", count: 5_000))
                var best = Duration.seconds(60)
                for _ in 0..<3 {
                    let began = MonotonicInstant.now()
                    let row = try await database.execute(statement, [.text(text), .text(LikePattern.containing(Text(search)))])[0]
                    best = min(best, MonotonicInstant.now() - began)
                    try #expect(row.int(0) == 0)
                }
                return best
            }
            let word = try await cost("milk")
            let sameLetter = try await cost(String(repeating: "a", count: 199) + "b")
            #expect(sameLetter < word * 10, "\(sameLetter) beside \(word)")
            await database.close()
        }
    }

    @Test func nullStaysNullAndOtherTypesAreTexts() async throws {
        try await withSQLite { isolation, path in
            let database = try await SQLiteConnection.open(path, on: isolation.loop)
            try await #expect(SQLiteFunctionsTests.fold(.null, in: database) == .null)
            try await #expect(SQLiteFunctionsTests.fold(.int(7), in: database) == .text("7"))
            try await #expect(SQLiteFunctionsTests.fold(.bytes([]), in: database) == .text(""))
            try await #expect(SQLiteFunctionsTests.fold(.bytes([0x61, 0xFF]), in: database) == .text("A\u{FFFD}"))
            await database.close()
        }
    }

    @Test func readOnlyConnectionsHaveItTooAndItsOwnFunctionsAreSQLites() async throws {
        try await withSQLite { isolation, path in
            let writer = try await SQLiteConnection.open(path, on: isolation.loop)
            let reader = try await SQLiteConnection.open(path, readOnly: true, on: isolation.loop)
            try await #expect(SQLiteFunctionsTests.fold(.text("ä"), in: reader) == .text("Ä"))
            // An index on lower(email) is made of what lower has always said.
            try await #expect(reader.execute(.read("SELECT lower('ÄB')"), [])[0].string(0) == "Äb")
            await reader.close()
            await writer.close()
        }
    }
}
