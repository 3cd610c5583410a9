// Finding and counting users, on both databases, and what counts as a date.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct UserSearchTests {
    /// - Parameter days: how long ago.
    private func make(_ app: TestApp, _ email: String, name: String?, fullName: String? = nil, days: Int64 = 0) async throws {
        let user = UserRepository.NewUser(
            email: Text(email), username: Text(String(email.prefix { $0 != "@" })), name: name.map { Text($0) },
            fullName: fullName.map { Text($0) })
        _ = try await UserRepository.insert(user, now: .now() - .seconds(days * 86_400), in: app.services.database)
    }

    private func emails(_ client: TestClient, _ query: String) async throws -> [String] {
        let answer = try await client.get("/api/v1/users/search?\(query)")
        #expect(answer.status == 200, "\(answer)")
        let emails = (answer.json.array ?? []).compactMap { $0["email"]?.string }
        if !query.contains("limit") { #expect(answer.header("X-Total-Count") == String(emails.count)) }
        return emails
    }

    @Test(arguments: TestSetup.overSockets)
    func namesAreFoundByAPartInAnyCase(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let admin = try await app.admin()
            try await make(app, "a@example.com", name: "Ada Lovelace")
            try await make(app, "b@example.com", name: "Jürgen Ärmel")
            try await make(app, "c@example.com", name: nil, fullName: "Charles 100% Babbage")
            try await make(app, "love_1@example.com", name: nil)
            try await #expect(emails(admin, "name=LOVE") == ["love_1@example.com", "a@example.com"])
            try await #expect(emails(admin, "name=%C3%A4rmel") == ["b@example.com"])
            try await #expect(emails(admin, "name=J%C3%9CR") == ["b@example.com"])
            try await #expect(emails(admin, "name=100%25") == ["c@example.com"])
            try await #expect(emails(admin, "name=_") == ["love_1@example.com"])
            try await #expect(emails(admin, "name=nobody") == [])
            try await #expect(emails(admin, "name=").count == 5)
            try await #expect(emails(admin, "name=love&limit=1&skip=1") == ["a@example.com"])
            // A visitor does not find by what a visitor does not see.
            let seen = try await app.client.get("/users/search?name=love")
            #expect(seen.json.array?.compactMap { $0["email"]?.string } == ["a@example.com"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func theDayOfTheirMakingNarrowsTheSearch(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let admin = try await app.admin()
            try await make(app, "old@example.com", name: "Old")
            try await make(app, "late@example.com", name: "Late")
            func move(_ email: String, to time: String) async throws {
                _ = try await app.services.database.execute(
                    .write("UPDATE users SET created_at = $2 WHERE email = $1"),
                    [.text(email), .timestamp(try #require(Timestamp(rfc3339: Text(time))))])
            }
            try await move("old@example.com", to: "2020-02-29T00:00:00Z")
            try await move("late@example.com", to: "2020-02-28T23:59:59.999999Z")
            try await move("admin@example.com", to: "2019-01-01T00:00:00Z")
            try await #expect(emails(admin, "created_after=2020-02-29") == ["old@example.com"])
            try await #expect(emails(admin, "created_after=2020-02-28") == ["late@example.com", "old@example.com"])
            try await #expect(emails(admin, "created_after=2020-02-28&name=LATE") == ["late@example.com"])
            try await #expect(emails(admin, "created_after=2020-03-01") == [])
            try await #expect(emails(admin, "created_after=2020-02-29T00:00:00Z") == ["old@example.com"])
            let faulty = try await admin.get("/api/v1/users/search?created_after=2021-02-29&limit=0")
            #expect(faulty.faults == ["date_from_datetime_parsing at query.created_after", "greater_than_equal at query.limit"])
            #expect(faulty.text.contains("Input should be a valid date or datetime, day value is outside expected range"))
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func statisticsCountAllAndTheNewOnes(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let admin = try await app.admin()
            try await make(app, "a@example.com", name: "A", days: 6)
            try await make(app, "b@example.com", name: "B", days: 8)
            for client in [admin, app.client] {
                try await #expect(client.get("/users/stats").text == #"{"total_users":3,"new_users_last_7_days":2}"#)
            }
            try await #expect(admin.get("/api/v1/users/stats").json["new_users_last_7_days"] == 2)
        }
    }

    // MARK: Dates

    @Test(arguments: [
        ("2026-01-31", "2026-01-31T00:00:00Z"), ("2024-02-29", "2024-02-29T00:00:00Z"), ("0001-01-01", "0001-01-01T00:00:00Z"),
        ("9999-12-31", "9999-12-31T00:00:00Z"), ("2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z"),
        ("2026-01-31 00:00:00", "2026-01-31T00:00:00Z"),
    ])
    func readsDates(text: String, midnight: String) throws {
        #expect(try DateInput.parse(Text(text)).get() == Timestamp(rfc3339: Text(midnight)))
    }

    @Test(arguments: [
        ("", "input is too short"), ("2026", "input is too short"), ("2026-1-1", "input is too short"),
        ("20x6-01-01", "invalid character in year"), ("2026/01/01", "invalid date separator, expected `-`"),
        ("2026-x1-01", "invalid character in month"), ("2026-01-0x", "invalid character in day"),
        ("2026-13-01", "month value is outside expected range of 1-12"), ("2026-00-01", "month value is outside expected range of 1-12"),
        ("2026-01-32", "day value is outside expected range"), ("2026-02-29", "day value is outside expected range"),
        ("2026-04-31", "day value is outside expected range"), ("0000-01-01", "year 0 is out of range"),
        ("９９９９-12-31", "invalid character in year"), ("2026-01-01x", "invalid date, time or offset"),
        ("9999-12-31T23:00:00-01:00", "year 10000 is out of range"),
    ])
    func refusesWhatIsNoDate(text: String, reason: String) {
        guard case .failure(let mismatch) = DateInput.parse(Text(text)) else {
            Issue.record("\(text) is a date")
            return
        }
        #expect(mismatch.kind == .dateFromDatetimeParsing(reason))
    }

    @Test func aTimeOfDayIsNoDate() {
        guard case .failure(let mismatch) = DateInput.parse("2026-01-31T10:00:00Z") else {
            Issue.record("it is one")
            return
        }
        #expect(mismatch.kind == .dateFromDatetimeInexact)
    }
}
