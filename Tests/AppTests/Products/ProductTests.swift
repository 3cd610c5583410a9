// One product at a time, over HTTP: life, prices, faults, roles, audit.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct ProductTests {
    @Test(arguments: TestSetup.all)
    func aProductIsCreatedReadChangedAndDeleted(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let admin = try await app.admin()
            let created = try await user.post("/products", json: ["name": "Cup", "price": Self.number("19.90")])
            #expect(created.status == 201)
            guard case .object(let product) = created.json else {
                Issue.record("no object: \(created)")
                return
            }
            #expect(product.members.map(\.name) == ["id", "name", "price", "in_stock", "created_at", "updated_at"])
            #expect(product["in_stock"] == true)
            #expect(product["price"] == Self.number("19.90"))
            let id = try #require(product["id"]?.integer)
            try await #expect(user.get("/api/v1/products/\(id)/").json == created.json)

            let put = try await admin.put("/products/\(id)", json: ["price": 7])
            #expect(put.status == 200)
            #expect(put.json["price"] == Self.number("7.00"))
            #expect(put.json["name"] == "Cup")
            #expect(put.json["created_at"] == product["created_at"])
            let patched = try await admin.patch("/api/v1/products/\(id)/", json: ["in_stock": false, "name": "Mug"])
            #expect(patched.json["in_stock"] == false)
            #expect(patched.json["name"] == "Mug")
            #expect(patched.json["price"] == Self.number("7.00"))
            try await #expect(admin.patch("/products/\(id)", json: [:]).json == patched.json)
            try await #expect(user.get("/products/\(id)").json == patched.json)

            let deleted = try await admin.delete("/products/\(id)")
            #expect(deleted.status == 204)
            #expect(deleted.body.isEmpty)
            for answer in [
                try await user.get("/products/\(id)"), try await admin.put("/products/\(id)", json: ["name": "x"]),
                try await admin.patch("/products/\(id)", json: [:]), try await admin.delete("/products/\(id)"),
            ] {
                #expect(answer.status == 404)
                #expect(answer.code == "PRODUCT_NOT_FOUND")
                #expect(answer.json["detail"] == "Product not found")
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func pricesAreExactWhateverTheyAreWrittenAs(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            for (sent, shown) in [
                ("19.99", "19.99"), ("19.9", "19.90"), ("0", "0.00"), ("0.01", "0.01"), ("0.29", "0.29"), ("1e3", "1000.00"),
                ("9999999999.99", "9999999999.99"), ("1.10000", "1.10"), ("-0", "0.00"), ("4503599627.37", "4503599627.37"),
            ] {
                for price in [Self.number(sent), JSONValue.string(sent)] {
                    let answer = try await user.post("/products", json: ["name": "x", "price": price])
                    #expect(answer.text.contains("\"price\":\(shown),"), "\(answer)")
                    let id = try #require(answer.json["id"]?.integer)
                    try await #expect(user.get("/products/\(id)").text.contains("\"price\":\(shown),"))
                }
            }
        }
    }

    @Test func everyFaultIsListedWithItsPlace() async throws {
        try await TestApp.run { app in
            let user = try await app.registered()
            let admin = try await app.admin()
            let answer = try await user.post(
                "/products", json: ["name": "", "price": Self.number("-0.01"), "in_stock": "maybe", "id": 1, "owner_id": 7])
            #expect(answer.status == 422)
            #expect(
                answer.faults == [
                    "string_too_short at body.name", "greater_than_equal at body.price", "bool_parsing at body.in_stock",
                    "extra_forbidden at body.id", "extra_forbidden at body.owner_id",
                ])
            try await #expect(user.post("/products", json: [:]).faults == ["missing at body.name", "missing at body.price"])
            let prices: [(JSONValue, String)] = [
                (Self.number("0.001"), "decimal_max_places"), (Self.number("1e10"), "decimal_whole_digits"),
                (Self.number("1e400000000"), "decimal_max_digits"), ("cheap", "decimal_parsing"), ("NaN", "finite_number"),
                ("Infinity", "finite_number"), (true, "decimal_type"), (.null, "decimal_type"), ([], "decimal_type"),
            ]
            for (price, fault) in prices {
                let answer = try await user.post("/products", json: ["name": "x", "price": price])
                #expect(answer.faults == ["\(fault) at body.price"], "\(price)")
            }
            let long = try await user.post("/products", json: ["name": .string(String(repeating: "x", count: 201)), "price": 1])
            #expect(long.faults == ["string_too_long at body.name"])
            let update = try await admin.put("/products/1", json: ["name": nil, "price": nil, "in_stock": nil, "created_at": "2020-01-01"])
            #expect(
                update.faults == [
                    "string_type at body.name", "decimal_type at body.price", "bool_type at body.in_stock",
                    "extra_forbidden at body.created_at",
                ])
            try await #expect(user.get("/products/x").faults == ["int_parsing at path.product_id"])
            try await #expect(user.get("/products").json["total"]?.integer == 0)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func usersReadAndAddAndAdministratorsChange(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let created = try await user.post("/products", json: ["name": "Cup", "price": 1])
            let id = try #require(created.json["id"]?.integer)
            for answer in [
                try await user.put("/products/\(id)", json: ["name": "x"]), try await user.patch("/products/\(id)", json: ["name": "x"]),
                try await user.delete("/products/\(id)"), try await user.delete("/api/v1/products/\(id)/"),
            ] {
                #expect(answer.status == 403)
                #expect(answer.json["detail"] == "Admin access required")
            }
            for answer in [
                try await app.client.get("/products"), try await app.client.post("/products", json: ["name": "x", "price": 1]),
                try await app.client.get("/products/\(id)"), try await app.client.put("/products/\(id)", json: [:]),
                try await app.client.patch("/products/\(id)", json: [:]), try await app.client.delete("/products/\(id)"),
            ] {
                #expect(answer.status == 401)
                #expect(answer.header("WWW-Authenticate") == "Bearer")
            }
            try await #expect(user.get("/products/\(id)").json == created.json)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func everyChangeWritesItsLineInTheAuditLog(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let admin = try await app.admin()
            let userID = try #require(try await user.get("/auth/me").json["id"]?.integer)
            let adminID = try #require(try await admin.get("/auth/me").json["id"]?.integer)
            let created = try await user.post(
                "/products", json: ["name": "Cup", "price": Self.number("19.90")], ["X-Request-ID": "the-first"])
            let id = try #require(created.json["id"]?.integer)
            _ = try await admin.patch("/products/\(id)", json: ["price": 5])
            _ = try await admin.patch("/products/\(id)", json: [:])
            _ = try await admin.delete("/products/\(id)")
            _ = try await admin.delete("/products/\(id)")
            let rows = try await app.services.database.execute(
                .read(
                    """
                    SELECT action, actor_id, subject_id, details, request_id, ip FROM audit_log
                    WHERE subject_type = 'product' ORDER BY id
                    """), [])
            let lines = try rows.map { row in
                try "\(row.string(0)) by \(row.int(1)) on \(row.string(2)): \(row.optionalString(3) ?? "-")"
            }
            #expect(
                lines == [
                    "product.create by \(userID) on \(id): {\"name\":\"Cup\",\"price\":19.90,\"in_stock\":true}",
                    "product.update by \(adminID) on \(id): {\"price\":5.00}",
                    "product.delete by \(adminID) on \(id): -",
                ])
            try #expect(rows.first?.string(4) == "the-first")
            try #expect(rows.first?.string(5) == "127.0.0.1")
        }
    }

    static func number(_ text: String) -> JSONValue { .number(JSONNumber(verbatim: text)) }
}
