// Somebody can always administer: the last active administrator stays one, whoever asks and however many ask at once.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct LastAdminTests {
    private let origin = RequestOrigin(clientAddress: "127.0.0.1", requestID: "test")

    private func request(_ json: JSONObject) throws -> UpdateUserRequest {
        var validation = Validation(at: ["body"])
        return UpdateUserRequest(
            try #require(UpdateUserRequest.schema.values(of: json, echoesObject: false, &validation)))
    }

    @Test(arguments: TestSetup.overSockets)
    func theLastOneIsNeitherRemovedNorDemotedNorDeactivated(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let admin = try await app.admin()
            let me = try await admin.get("/auth/me")
            let path = "/api/v1/users/\(try #require(me.json["id"]?.integer))"
            // An administrator who is not active does not count.
            let other: JSONValue = ["email": "b@example.com", "password": "password123", "role": "admin"]
            let otherPath = "/api/v1/users/\(try #require(try await admin.post("/api/v1/users", json: other).json["id"]?.integer))"
            try await #expect(admin.patch(otherPath, json: ["is_active": false]).status == 200)
            for answer in [
                try await admin.delete(path), try await admin.patch(path, json: ["role": "user"]),
                try await admin.put(path, json: ["is_active": false]), try await admin.patch(path, json: ["role": "user", "name": "x"]),
                try await admin.delete("/users\(path.dropFirst("/api/v1/users".count))"),
            ] {
                #expect(answer.status == 409)
                #expect(answer.code == "LAST_ADMIN")
            }
            try await #expect(admin.get("/auth/me").json == me.json)
            try await #expect(admin.patch(path, json: ["role": "admin", "is_active": true]).status == 200)
            try await #expect(admin.patch(otherPath, json: ["is_active": true]).status == 200)
            try await #expect(admin.patch(path, json: ["role": "user"]).status == 200)
            // From here on it is one's own row and nobody else's.
            try await #expect(admin.patch(path, json: ["role": "admin"]).faults == ["extra_forbidden at body.role"])
            try await #expect(admin.patch(otherPath, json: ["role": "user"]).status == 403)
        }
    }

    /// Two administrators who demote, deactivate or delete each other at once.
    @Test(arguments: TestSetup.overSockets, ["demote", "deactivate", "delete"])
    func ofTwoWhoEndEachOtherOneStays(_ setup: TestSetup, _ way: String) async throws {
        try await TestApp.run(on: setup) { app in
            _ = try await app.admin()
            let users = app.services.users
            let database = app.services.database
            let admin = try #require(try await UserRepository.credentials(login: "admin@example.com", in: database)?.user)
            let second = try await UserRepository.insert(
                UserRepository.NewUser(email: "second@example.com", role: .admin), now: .now(), in: database)
            let change = try request(way == "demote" ? ["role": "user"] : ["is_active": false])
            let codes = await withTaskGroup(of: String.self) { group in
                for (actor, target) in [(admin, second), (second, admin)] {
                    let principal = Principal(
                        userID: actor.id, username: actor.displayName, role: "admin", sessionID: SessionID(rawValue: "none"))
                    let access = UserAccess(principal: principal, isDirectoryOpen: false)
                    group.addTask(executorPreference: app.loop) {
                        do {
                            if way == "delete" {
                                try await users.delete(target.id, access, from: origin)
                            } else {
                                _ = try await users.update(target.id, change, access, from: origin)
                            }
                            return "done"
                        } catch {
                            return (error as? APIError)?.code ?? "\(error)"
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            // The second one finds that it is no administrator any more.
            #expect(codes.sorted() == ["ADMIN_REQUIRED", "done"])
            let left = try await database.execute(.read("SELECT count(*) FROM users WHERE role = 'admin' AND is_active"), [])
            try #expect(left[0].int(0) == 1)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func ofTwoWhoLeaveAtOnceOneStays(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            _ = try await app.admin()
            let users = app.services.users
            let database = app.services.database
            let first = try #require(try await UserRepository.credentials(login: "admin@example.com", in: database)?.user)
            let second = try await UserRepository.insert(
                UserRepository.NewUser(email: "second@example.com", role: .admin), now: .now(), in: database)
            let change = try request(["role": "user"])
            let codes = await withTaskGroup(of: String.self) { group in
                for user in [first, second] {
                    let principal = Principal(
                        userID: user.id, username: user.displayName, role: "admin", sessionID: SessionID(rawValue: "none"))
                    group.addTask(executorPreference: app.loop) {
                        do {
                            let access = UserAccess(principal: principal, isDirectoryOpen: false)
                            _ = try await users.update(user.id, change, access, from: origin)
                            return "done"
                        } catch {
                            return (error as? APIError)?.code ?? "\(error)"
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.sorted() == ["LAST_ADMIN", "done"])
        }
    }
}
