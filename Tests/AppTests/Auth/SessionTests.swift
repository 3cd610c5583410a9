// Sessions over HTTP: refreshed, listed, ended.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct SessionTests {
    private struct Pair {
        let access: String
        let refresh: String
    }

    private func logIn(_ app: TestApp, _ email: String = "ada@example.com") async throws -> Pair {
        try pair(try await app.client.post("/auth/login", json: ["username": .string(email), "password": .string(TestApp.password)]))
    }

    private func pair(_ answer: HTTPTestResponse) throws -> Pair {
        #expect(answer.status == 200, "\(answer)")
        return Pair(
            access: try #require(answer.json["access_token"]?.string), refresh: try #require(answer.json["refresh_token"]?.string))
    }

    private func refresh(_ app: TestApp, _ token: String) async throws -> HTTPTestResponse {
        try await app.client.post("/auth/refresh", json: ["refresh_token": .string(token)])
    }

    private func status(_ app: TestApp, _ access: String) async throws -> Int {
        try await app.client.with(token: access).get("/auth/me").status
    }

    // MARK: Refreshing

    @Test(arguments: TestSetup.all)
    func aRefreshTokenBuysANewPairOfTheSameSession(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            _ = try await app.registered("ada")
            let first = try await logIn(app)
            let second = try pair(try await refresh(app, first.refresh))
            let third = try pair(try await refresh(app, second.refresh))
            #expect(Set([first.refresh, second.refresh, third.refresh]).count == 3)
            for token in [first.access, second.access, third.access] { try await #expect(status(app, token) == 200) }
            let sessions = try await app.client.with(token: third.access).get("/auth/sessions")
            #expect(sessions.json.array?.count == 2)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aSecondUseEndsTheWholeSessionAndNoOther(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            _ = try await app.registered("ada")
            let stolen = try await logIn(app)
            let other = try await logIn(app)
            let successor = try pair(try await refresh(app, stolen.refresh))
            try await #expect(status(app, successor.access) == 200)
            let reused = try await refresh(app, stolen.refresh)
            #expect(reused.status == 401)
            #expect(reused.code == "TOKEN_REUSED")
            #expect(reused.header("WWW-Authenticate") == "Bearer")
            try await #expect(status(app, stolen.access) == 401)
            try await #expect(status(app, successor.access) == 401)
            try await #expect(refresh(app, successor.refresh).status == 401)
            try await #expect(refresh(app, stolen.refresh).code == "TOKEN_REUSED")
            try await #expect(status(app, other.access) == 200)
            try await #expect(refresh(app, other.refresh).status == 200)
            let rows = try await app.services.database.execute(
                .read("SELECT count(*) FROM audit_log WHERE action = 'session.token_reused'"), [])
            try #expect(rows[0].int(0) == 1)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func ofRefreshesAtOnceOneWins(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            _ = try await app.registered("ada")
            let token = try await logIn(app).refresh
            let auth = app.services.auth
            let origin = RequestOrigin(clientAddress: "127.0.0.1", requestID: "test")
            let codes = await withTaskGroup(of: String.self) { group in
                for _ in 0..<8 {
                    group.addTask(executorPreference: app.loop) {
                        do {
                            _ = try await auth.refresh(Text(token), from: origin)
                            return "won"
                        } catch {
                            return (error as? APIError)?.code ?? "\(error)"
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.count { $0 == "won" } == 1)
            #expect(codes.count { $0 == "TOKEN_REUSED" } == 7)
            let rows = try await app.services.database.execute(.read("SELECT count(*) FROM refresh_tokens"), [])
            try #expect(rows[0].int(0) == 3)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whatIsNoRefreshTokenOfOursIsRefused(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            _ = try await app.registered("ada")
            let pair = try await logIn(app)
            for token in [pair.access, "x", RefreshToken.random().text, pair.refresh + "=", String(pair.refresh.dropLast())] {
                let answer = try await refresh(app, token)
                #expect(answer.status == 401)
                #expect(answer.code == "INVALID_REFRESH_TOKEN")
            }
            // Neither does one work where the other belongs.
            try await #expect(status(app, pair.refresh) == 401)
            try await #expect(app.client.post("/auth/refresh", json: [:]).faults == ["missing at body.refresh_token"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func anExpiredRefreshTokenAndAnInactiveUserGetNothing(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            _ = try await app.registered("ada")
            let expired = try await logIn(app)
            _ = try await app.services.database.execute(
                .write("UPDATE refresh_tokens SET expires_at = $1"), [.timestamp(.now() - .seconds(1))])
            try await #expect(refresh(app, expired.refresh).code == "INVALID_REFRESH_TOKEN")
            let inactive = try await logIn(app)
            _ = try await app.services.database.execute(.write("UPDATE users SET is_active = $1"), [.bool(false)])
            try await #expect(refresh(app, inactive.refresh).code == "INVALID_REFRESH_TOKEN")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func tokensAreStoredAsHashesOnly(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            _ = try await app.registered("ada")
            let token = try #require(RefreshToken(Text(try await logIn(app).refresh)))
            let rows = try await app.services.database.execute(.read("SELECT token_hash FROM refresh_tokens ORDER BY id"), [])
            try #expect(rows.map { try $0.bytes(0) }.last == token.hash)
        }
    }

    // MARK: Ending

    @Test(arguments: TestSetup.all)
    func anEndedSessionsTokensStopAtOnce(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            _ = try await app.registered("ada")
            let leaving = try await logIn(app)
            let staying = try await logIn(app)
            try await #expect(status(app, leaving.access) == 200)
            try await #expect(app.client.with(token: leaving.access).send("POST", "/auth/logout").status == 200)
            try await #expect(status(app, leaving.access) == 401)
            try await #expect(refresh(app, leaving.refresh).status == 401)
            try await #expect(app.client.with(token: leaving.access).send("POST", "/auth/logout").status == 401)
            try await #expect(status(app, staying.access) == 200)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func sessionsAreListedAndEndedOneByOne(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let stranger = try await app.registered("bob")
            let first = try await app.registered("ada")
            let login = try await app.client.post(
                "/auth/login", json: ["username": "ada@example.com", "password": .string(TestApp.password)],
                ["User-Agent": "a browser"])
            let second = app.client.with(token: try pair(login).access)
            let listed = try #require(try await second.get("/auth/sessions").json.array)
            #expect(listed.count == 2)
            let current = try #require(listed.first { $0["current"] == true })
            let other = try #require(listed.first { $0["current"] == false })
            #expect(current["user_agent"] == "a browser")
            #expect(current["ip"] == "127.0.0.1")
            #expect(current["created_at"]?.string?.hasSuffix("Z") == true)
            let id = try #require(other["id"]?.string)
            try await #expect(stranger.delete("/auth/sessions/\(id)").status == 404)
            try await #expect(first.get("/auth/me").status == 200)
            try await #expect(second.delete("/auth/sessions/\(id)").status == 204)
            try await #expect(first.get("/auth/me").status == 401)
            let gone = try await second.delete("/auth/sessions/\(id)")
            #expect(gone.status == 404)
            #expect(gone.code == "SESSION_NOT_FOUND")
            try await #expect(second.delete("/auth/sessions/not-a-uuid").status == 422)
            try await #expect(second.get("/auth/sessions").json.array?.count == 1)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func sessionsArePagedNewestFirst(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            _ = try await app.registered("ada")
            for number in 2...4 {
                _ = try await app.client.post(
                    "/auth/login", json: ["username": "ada@example.com", "password": .string(TestApp.password)],
                    ["User-Agent": "\(number)"])
            }
            let user = try await app.loggedIn("ada@example.com", TestApp.password)
            func agents(_ page: HTTPTestResponse) -> [String?] { (page.json.array ?? []).map { $0["user_agent"]?.string } }
            let all = try await user.get("/auth/sessions")
            #expect(all.json.array?.count == 5)
            #expect(all.header("X-Total-Count") == "5")
            #expect(all.header("Link") == nil)
            let page = try await user.get("/auth/sessions?skip=1&limit=2")
            #expect(agents(page) == ["4", "3"])
            #expect(page.header("X-Total-Count") == "5")
            #expect(page.header("Link")?.contains("</auth/sessions?skip=3&limit=2>; rel=\"next\"") == true)
            let behind = try await user.get("/auth/sessions?skip=9")
            #expect(behind.text == "[]")
            #expect(behind.header("X-Total-Count") == "5")
            try await #expect(
                user.get("/auth/sessions?limit=101&skip=-1").faults
                    == ["less_than_equal at query.limit", "greater_than_equal at query.skip"])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func allSessionsEndTogether(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let stranger = try await app.registered("bob")
            let first = try await app.registered("ada")
            let second = try await app.loggedIn("ada@example.com", TestApp.password)
            try await #expect(second.delete("/auth/sessions").status == 204)
            try await #expect(first.get("/auth/me").status == 401)
            try await #expect(second.get("/auth/me").status == 401)
            try await #expect(stranger.get("/auth/me").status == 200)
        }
    }

    /// A write that fails may have happened all the same: whatever is believed is looked up anew.
    @Test(arguments: TestSetup.overSockets, [("POST", "/auth/logout"), ("DELETE", "/auth/sessions")])
    func anEndThatFailsLeavesNoSessionBelievedIn(_ setup: TestSetup, _ end: (method: String, path: String)) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered("ada")
            try await #expect(user.get("/auth/me").status == 200)
            let database = app.services.database
            _ = try await database.execute(.write("UPDATE users SET is_active = $1"), [.bool(false)])
            _ = try await database.execute(.write("ALTER TABLE audit_log RENAME TO audit_log_elsewhere"), [])
            try await #expect(user.send(end.method, end.path).status == 500)
            try await #expect(user.get("/auth/me").status == 401)
            try await #expect(database.execute(.read("SELECT count(*) FROM sessions WHERE revoked_at IS NULL"), [])[0].int(0) == 1)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whatIsOverIsRemovedAndTheRestStays(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered("ada")
            try await #expect(user.send("POST", "/auth/logout").status == 200)
            let living = try await logIn(app)
            try await #expect(SessionRepository.removeExpired(before: .now() + .seconds(1), limit: 10, in: app.services.database) == 1)
            let rows = try await app.services.database.execute(.read("SELECT count(*) FROM sessions"), [])
            try #expect(rows[0].int(0) == 1)
            try await #expect(status(app, living.access) == 200)
            try await #expect(refresh(app, living.refresh).status == 200)
        }
    }

    // MARK: Live state

    @Test(arguments: TestSetup.overSockets)
    func theRoleIsTheDatabasesAndNotTheTokens(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let ada = try await app.registered("ada")
            let bob = try await app.registered("bob")
            let task = try #require(try await bob.post("/tasks", json: ["title": "Bob's"]).json["id"]?.integer)
            try await #expect(ada.get("/tasks/\(task)").status == 404)
            let id = try #require(try await ada.get("/auth/me").json["id"]?.integer)
            _ = try await app.services.database.execute(.write("UPDATE users SET role = 'admin' WHERE id = $1"), [.int(Int64(id))])
            await app.backend.sessions.revokeAll(user: Int64(id))
            try await #expect(ada.get("/tasks/\(task)").status == 200)
            _ = try await app.services.database.execute(.write("UPDATE users SET role = 'user' WHERE id = $1"), [.int(Int64(id))])
            await app.backend.sessions.revokeAll(user: Int64(id))
            try await #expect(ada.get("/tasks/\(task)").status == 404)
        }
    }

    @Test func anythingButOneGoodBearerTokenIsUnauthorized() async throws {
        try await TestApp.run { app in
            _ = try await app.registered("ada")
            let token = try await logIn(app).access
            let fields: [[String: String]] = [
                [:], ["Authorization": ""], ["Authorization": "Bearer"], ["Authorization": "Bearer "], ["Authorization": token],
                ["Authorization": "Basic \(token)"], ["Authorization": "Bearer \(token) x"], ["Authorization": "Bearer \(token)."],
                ["Authorization": "Bearer \(token)="], ["Cookie": "access_token=\(token)"],
            ]
            for fields in fields {
                let answer = try await app.client.get("/auth/me", fields)
                #expect(answer.status == 401, "\(fields)")
                #expect(answer.header("WWW-Authenticate")?.hasPrefix("Bearer") == true)
                #expect(answer.code == "NOT_AUTHENTICATED" || answer.code == "INVALID_TOKEN")
            }
            try await #expect(app.client.get("/auth/me", ["Authorization": "bearer \(token)"]).status == 200)
        }
    }
}
