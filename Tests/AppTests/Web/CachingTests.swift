// What caches may keep of the API's responses: decided by each route's declaration.

@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct CachingTests {
    /// Each route that can be asked without knowing an id, by nobody, by a user and by an administrator: also where that is refused.
    @Test func whatDependsOnWhoAsksIsForNobodyElse() async throws {
        try await TestApp.run(on: TestSetup(way: .socket)) { app in
            let people = [app.client, try await app.registered(), try await app.admin()]
            let routes = app.backend.table.routes.filter { $0.method == .get && $0.parameters.isEmpty && !$0.label.hasSuffix("/events") }
            #expect(routes.count > 30)
            for route in routes {
                for client in people {
                    let response = try await client.get(route.label)
                    let caching = response.header("cache-control")
                    let varies = response.header("vary")?.contains("Authorization") ?? false
                    let what: Comment = "\(route.label): \(response.status), \(caching ?? "-"), \(varies)"
                    if route.declaration.isSensitive {
                        #expect(caching == "no-store", what)
                    } else if route.access != .anyone {
                        #expect(caching == "private, no-cache" || caching == "no-store", what)
                        #expect(varies, what)
                    } else {
                        #expect(!varies, what)
                    }
                }
            }
        }
    }

    @Test func aListThatHasNotChangedIsNotSentAgain() async throws {
        try await TestApp.run(on: TestSetup(way: .socket)) { app in
            let user = try await app.registered()
            let first = try await user.get("/tasks")
            let tag = try #require(first.header("etag"))
            let second = try await user.get("/tasks", ["If-None-Match": tag])
            #expect(second.status == 304)
            #expect(second.header("cache-control") == "private, no-cache")
            #expect(second.header("vary")?.contains("Authorization") == true)
        }
    }
}
