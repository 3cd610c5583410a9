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
