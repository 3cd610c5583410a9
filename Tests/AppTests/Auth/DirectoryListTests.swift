// What accounts do to the directory's cached lists.

import TestSupport
import Testing

@testable import App

@Suite struct DirectoryListTests {
    @Test(arguments: TestSetup.overSockets)
    func listsOfUsersShowEveryChangeOfAnAccount(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { configuration in
            configuration.opensDirectory = true
        } _: { app in
            func names() async throws -> [String?] {
                try await app.client.get("/users").json.array?.map { $0["name"]?.string } ?? []
            }
            try await #expect(names() == [])
            let user = try await app.registered("ada")
            try await #expect(names() == [nil])
            try await #expect(user.patch("/auth/me", json: ["name": "Ada"]).status == 200)
            try await #expect(names() == ["Ada"])
            try await #expect(user.delete("/auth/me").status == 204)
            try await #expect(names() == [])
        }
    }
}
