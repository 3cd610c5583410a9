// SQLite's codes and messages as the errors that both databases share.

@testable import Reactor
import Testing

@Suite struct SQLiteErrorMappingTests {
    @Test(arguments: [
        (2_067, "UNIQUE constraint failed: users.email", DatabaseError.constraint(.unique, name: "users.email")),
        (1_555, "UNIQUE constraint failed: users.id", .constraint(.unique, name: "users.id")),
        (2_067, "UNIQUE constraint failed: index 'users_email_key'", .constraint(.unique, name: "users_email_key")),
        (2_067, "UNIQUE constraint failed: a.x, a.y", .constraint(.unique, name: "a.x, a.y")),
        (275, "CHECK constraint failed: tasks_status_check", .constraint(.check, name: "tasks_status_check")),
        (1_299, "NOT NULL constraint failed: users.email", .constraint(.notNull, name: "users.email")),
        (787, "FOREIGN KEY constraint failed", .constraint(.foreignKey, name: nil)),
    ])
    func constraintsKeepTheirNames(_ code: Int, _ message: String, _ expected: DatabaseError) {
        #expect(SQLiteErrorMapping.error(code: Int32(code), message: message) == expected)
    }

    @Test(arguments: [5, 261, 517, 6, 262])
    func locksMayBeRetried(_ code: Int) {
        #expect(SQLiteErrorMapping.error(code: Int32(code), message: "database is locked") == .serialization)
    }

    @Test func aFullDiskSaysSo() {
        #expect(
            SQLiteErrorMapping.error(code: 13, message: "database or disk is full")
                == .incapable(.storageFull))
    }

    @Test func aMissingTableHasPostgresStateForIt() {
        #expect(
            SQLiteErrorMapping.error(code: 1, message: "no such table: users")
                == .statement(sqlState: "42P01", message: "no such table: users"))
    }

    @Test func aDamagedFileCannotServeAndOneThatCannotBeOpenedIsNotThere() {
        for code: Int32 in [11, 26] { #expect(SQLiteErrorMapping.error(code: code, message: "") == .incapable(.damaged)) }
        guard case .unavailable = SQLiteErrorMapping.error(code: 14, message: "") else {
            Issue.record("code 14")
            return
        }
    }

    @Test func tableOfColumnsIsWhatStandsBeforeTheDot() {
        #expect(SQLiteErrorMapping.table(ofColumns: "users.email") == "users")
        #expect(SQLiteErrorMapping.table(ofColumns: "a.x, a.y") == "a")
        #expect(SQLiteErrorMapping.table(ofColumns: "users_email_key") == nil)
        #expect(SQLiteErrorMapping.table(ofColumns: ".x") == nil)
    }
}
