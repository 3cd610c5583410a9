// Lists of products over HTTP: filters, pages, cache, limits.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct ProductListTests {
    private func make(_ user: TestClient, _ name: String, _ price: String = "1", inStock: Bool = true) async throws {
        let answer = try await user.post(
            "/products", json: ["name": .string(name), "price": .string(price), "in_stock": .bool(inStock)])
        #expect(answer.status == 201, "\(answer)")
    }

    private func names(_ user: TestClient, _ query: String = "") async throws -> [String] {
        let answer = try await user.get("/products?\(query)")
        #expect(answer.status == 200, "\(answer)")
        let items = answer.json["items"]?.array ?? []
        if answer.header("X-Total-Count") != nil, !query.contains("limit"), !query.contains("skip"), !query.contains("cursor") {
            #expect(answer.json["total"]?.integer == items.count, "\(query)")
        }
        #expect(answer.json["total"]?.integer.map(String.init) == answer.header("X-Total-Count"))
        return items.compactMap { $0["name"]?.string }
    }

    // MARK: Filters

    @Test(arguments: TestSetup.all)
    func filtersNarrowTheListAndCombine(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            try await make(user, "Cup", "9.50")
            try await make(user, "Big cup", "10", inStock: false)
            try await make(user, "Plate", "10.01")
            try await make(user, "Pan", "100")
            try await #expect(names(user) == ["Pan", "Plate", "Big cup", "Cup"])
            try await #expect(names(user, "name=CUP") == ["Big cup", "Cup"])
            try await #expect(names(user, "min_price=10") == ["Pan", "Plate", "Big cup"])
            try await #expect(names(user, "max_price=10.00") == ["Big cup", "Cup"])
            try await #expect(names(user, "min_price=9.51&max_price=10.01") == ["Plate", "Big cup"])
            try await #expect(names(user, "in_stock=true") == ["Pan", "Plate", "Cup"])
            try await #expect(names(user, "in_stock=0") == ["Big cup"])
            try await #expect(names(user, "name=cup&in_stock=yes&max_price=9.5") == ["Cup"])
            try await #expect(names(user, "name=&unknown=1") == ["Pan", "Plate", "Big cup", "Cup"])
            // Nothing costs more than 11 and less than 10: an empty list, and no fault.
            try await #expect(names(user, "min_price=11&max_price=10") == [])
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func searchTakesNoNoticeOfCaseInAnyAlphabet(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            for name in ["Ärger", "Straße", "ОКНО", "ΟΔΌΣ", "100% wool", "under_score", "back\\slash", "wow!", "it's"] {
                try await make(user, name)
            }
            let searches = [
                ("ärger", "Ärger"), ("ÄRG", "Ärger"), ("STRASSE", "Straße"), ("окно", "ОКНО"), ("οδός", "ΟΔΌΣ"), ("ός", "ΟΔΌΣ"),
                ("100% W", "100% wool"), ("%", "100% wool"), ("_", "under_score"), ("\\", "back\\slash"), ("!", "wow!"), ("'", "it's"),
            ]
            for (search, name) in searches {
                try await #expect(names(user, "name=\(Self.encoded(search))") == [name], "\(search)")
            }
            try await #expect(names(user, "name=arger") == [])
            try await #expect(names(user, "name=%25%25") == [])
            // Tasks are searched in the same way.
            _ = try await user.post("/tasks", json: ["title": "Ärger", "description": "mit der STRASSE"])
            for search in ["ÄRGER", "straße"] {
                let tasks = try await user.get("/tasks?search=\(Self.encoded(search))")
                #expect(tasks.json.array?.count == 1, "\(search)")
            }
        }
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test func faultyParametersAreListedTogether() async throws {
        try await TestApp.run { app in
            let user = try await app.registered()
            let answer = try await user.get(
                "/products?skip=-1&limit=101&min_price=cheap&max_price=-1&in_stock=perhaps&cursor=x&name=\(String(repeating: "x", count: 201))"
            )
            #expect(answer.status == 422)
            #expect(
                answer.faults == [
                    "greater_than_equal at query.skip", "less_than_equal at query.limit", "decimal_parsing at query.min_price",
                    "greater_than_equal at query.max_price", "bool_parsing at query.in_stock", "value_error at query.cursor",
                    "string_too_long at query.name",
                ])
            try await #expect(user.get("/products?min_price=1e999999999").faults == ["decimal_max_digits at query.min_price"])
            try await #expect(user.get("/products?max_price=0.001").faults == ["decimal_max_places at query.max_price"])
        }
    }

    // MARK: Pages

    @Test(arguments: TestSetup.overSockets)
    func pagesAreCountedAndLinked(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            for number in 1...12 { try await make(user, "\(number)") }
            let first = try await user.get("/api/v1/products/")
            #expect(first.json["items"]?.array?.count == 10)
            guard case .object(let page) = first.json else {
                Issue.record("no object: \(first)")
                return
            }
            #expect(page.members.map(\.name) == ["items", "total", "skip", "limit"])
            #expect(page["total"]?.integer == 12)
            #expect(page["skip"]?.integer == 0)
            #expect(page["limit"]?.integer == 10)
            #expect(first.header("X-Total-Count") == "12")
            #expect(first.header("Link")?.contains("</api/v1/products/?skip=10&limit=10>; rel=\"next\"") == true)
            let middle = try await user.get("/products?skip=4&limit=2&min_price=0")
            #expect(middle.json["items"]?.array?.compactMap { $0["name"]?.string } == ["8", "7"])
            #expect(middle.json["skip"]?.integer == 4)
            let link = try #require(middle.header("Link"))
            #expect(link.contains("</products?min_price=0&skip=6&limit=2>; rel=\"next\""))
            #expect(link.contains("</products?min_price=0&skip=2&limit=2>; rel=\"prev\""))
            let behind = try await user.get("/products?skip=50&name=1")
            #expect(behind.text == "{\"items\":[],\"total\":4,\"skip\":50,\"limit\":10}")
            #expect(behind.header("X-Total-Count") == "4")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aCursorWalksThroughAllOfTheListOnce(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            for number in 1...5 { try await make(user, "\(number)", inStock: number != 3) }
            var page = try await user.get("/products?limit=2&in_stock=true")
            var seen = (page.json["items"]?.array ?? []).compactMap { $0["name"]?.string }
            while let cursor = page.header("X-Next-Cursor") {
                // A row that comes in between does not shift the pages.
                try await make(user, "new")
                page = try await user.get("/products?limit=2&in_stock=true&cursor=\(cursor)")
                #expect(page.status == 200)
                seen += (page.json["items"]?.array ?? []).compactMap { $0["name"]?.string }
                if page.header("X-Next-Cursor") != nil { #expect(page.header("Link")?.contains("cursor=") == true) }
            }
            #expect(seen == ["5", "4", "2", "1"])
        }
    }

    @Test func anUnchangedListIsNotSentAgain() async throws {
        try await TestApp.run { app in
            let user = try await app.registered()
            try await make(user, "Cup")
            let tag = try #require(try await user.get("/products").header("ETag"))
            let again = try await user.get("/products", ["If-None-Match": tag])
            #expect(again.status == 304)
            #expect(again.body.isEmpty)
            try await make(user, "Plate")
            try await #expect(user.get("/products", ["If-None-Match": tag]).status == 200)
        }
    }

    // MARK: Cache

    @Test(arguments: TestSetup.all)
    func aListComesFromTheCacheUntilSomebodyWrites(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let admin = try await app.admin()
            try await make(user, "first")
            try await #expect(names(user) == ["first"])
            // An answer does not wait for the cache to have it.
            let isKept = try await eventually(on: app.loop) {
                _ = try? await user.get("/products")
                return await app.services.cache.statistics().hits > 0
            }
            #expect(isKept)
            // Past the service, so that only the cache can still say the old thing.
            _ = try await app.services.database.execute(.write("UPDATE products SET name = 'changed in secret'"), [])
            // Everybody sees the same products: one entry for all.
            try await #expect(names(admin) == ["first"])
            // Other parameters: another entry.
            for query in ["limit=7", "skip=0&name=i", "min_price=0", "max_price=5", "in_stock=true"] {
                try await #expect(names(user, query) == ["changed in secret"], "\(query)")
            }
            try await make(user, "second")
            try await #expect(names(user) == ["second", "changed in secret"])
            let id = try #require(try await user.get("/products").json["items"]?.array?.first?["id"]?.integer)
            _ = try await admin.patch("/products/\(id)", json: ["name": "third"])
            try await #expect(names(user) == ["third", "changed in secret"])
            _ = try await admin.delete("/products/\(id)")
            try await #expect(names(user) == ["changed in secret"])
        }
    }

    @Test(arguments: TestSetup.all)
    func whatTheDatabaseRefusesIsNeverShown(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let admin = try await app.admin()
            try await make(user, "first")
            let before = try await user.get("/products")
            let id = try #require(before.json["items"]?.array?.first?["id"]?.integer)
            // The product's row goes in, its line in the audit log does not: neither may stay.
            _ = try await app.services.database.execute(.write("ALTER TABLE audit_log RENAME TO audit_log_elsewhere"), [])
            let invalidations = await app.services.cache.statistics().invalidations
            for answer in [
                try await user.post("/products", json: ["name": "second", "price": 1]),
                try await admin.patch("/products/\(id)", json: ["name": "third"]), try await admin.delete("/products/\(id)"),
            ] {
                #expect(answer.status == 500)
                #expect(answer.code == "INTERNAL_ERROR")
            }
            try await #expect(user.get("/products").body == before.body)
            try await #expect(user.get("/products?limit=99").json["items"] == before.json["items"])
            // Whether a write whose answer is an error has happened is not known in general.
            let after = await app.services.cache.statistics().invalidations
            #expect(after == invalidations + 3)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func parametersCannotImitateEachOtherInTheCache(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            try await make(user, "x|y")
            try await make(user, "1|", "2")
            try await #expect(names(user, "name=%7Cy") == ["x|y"])
            try await #expect(names(user, "in_stock=1") == ["1|", "x|y"])
            try await #expect(names(user, "name=1%7C") == ["1|"])
            try await #expect(names(user, "min_price=2") == ["1|"])
            try await #expect(names(user, "max_price=2") == ["1|", "x|y"])
        }
    }

    // MARK: Limits

    @Test(arguments: TestSetup.overSockets)
    func theListMayBeAskedForTenTimesAMinuteByEveryUser(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: { $0.rateLimits.isEnabled = true }) { app in
            let user = try await app.registered()
            for number in 1...10 {
                let answer = try await user.get(number % 2 == 0 ? "/products" : "/api/v1/products?limit=\(number)")
                #expect(answer.status == 200)
                #expect(answer.header("X-RateLimit-Limit") == "10")
                #expect(answer.header("X-RateLimit-Remaining") == String(10 - number))
                #expect(answer.header("RateLimit-Policy") == "\"products\";q=10;w=60")
            }
            let refused = try await user.get("/products")
            #expect(refused.status == 429)
            #expect(refused.header("Retry-After") != nil)
            try await #expect(app.admin().get("/products").status == 200)
        }
    }
}
