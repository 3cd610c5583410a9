// The document describes what is served, the same way every time.

import Reactor
import Testing

@testable import App

@Suite struct OpenAPIDocumentTests {
    private enum Priority: String, CaseIterable, JSONRepresentable { case low, high }

    private struct CreateItem: RequestBody {
        private static let title = Field.string("title", length: 1...200, example: "Milk")
        private static let priority = Field<Priority>.enumeration("priority").defaulting(to: .low)
        static let schema = ObjectSchema("ItemCreate", title, priority)
        init(_ values: ObjectValues) {}
    }

    private struct ListItems: RequestQuery {
        private static let paging = PageRequest.Fields()
        private static let priority = Field<Priority>.enumeration("priority", description: "Only these").omittable()
        static let schema = ObjectSchema("ItemQuery", unknownMembers: .ignored, paging.skip, paging.limit, priority)
        init(_ values: ObjectValues) {}
    }

    private struct Item: ResponseObject {
        static let schema = ResponseSchema<Item>("Item", .property("priority") { _ in Priority.low }, .property("id") { _ in 1 })
    }

    private static func table() -> RouteTable {
        let group = RouteGroup(tag: "Items") { routes in
            routes.get("/items", summary: "List items", access: .user, limit: .moderate) { (_: RequestContext, _: ListItems) in [Item()] }
            routes.post("/items", summary: "Create item", status: .created, access: .user) { (_: RequestContext, _: CreateItem) in Item() }
            routes.get("/items/{item_id:int}", summary: "Get item", errors: [.notFound]) { _ in Item() }
            routes.delete("/items/{item_id:int}", summary: "Delete item", status: .noContent, access: .admin) { _ in NoContent() }
            routes.get("/page", summary: "Page", produces: "text/html") { _ in Message("") }
            routes.get(
                "/state", summary: "State", bypassesAdmission: true, otherStatuses: [.serviceUnavailable], otherMediaTypes: ["text/plain"]
            ) { _ in Message("") }
        }
        return RouteTable(.init("", group), .init("/api/v1", group))
    }

    private func document() -> JSONValue {
        OpenAPIDocument(title: "Test", version: "1", description: "", OpenAPIDocumentTests.table()).tree
    }

    private func operation(_ path: String, _ method: String) -> JSONValue? {
        document()["paths"]?[path]?[method]
    }

    @Test func isTheSameEveryTime() {
        let first = OpenAPIDocument(title: "Test", version: "1", description: "", OpenAPIDocumentTests.table()).json
        let second = OpenAPIDocument(title: "Test", version: "1", description: "", OpenAPIDocumentTests.table()).json
        #expect(first == second)
    }

    @Test func listsEveryServedRouteUnderUniqueIDs() throws {
        let document = document()
        #expect(document["openapi"] == "3.1.0")
        var ids: Set<String> = []
        for route in OpenAPIDocumentTests.table().routes {
            let operation = try #require(document["paths"]?[route.label]?[route.method.rawValue.lowercased()])
            ids.insert(try #require(operation["operationId"]?.string))
        }
        #expect(ids.count == 12)
    }

    @Test func describesParametersFromTheirFields() throws {
        let parameters = try #require(operation("/items", "get")?["parameters"]?.array)
        #expect(parameters.compactMap { $0["name"]?.string } == ["skip", "limit", "priority"])
        #expect(parameters[0]["schema"]?["minimum"] == 0)
        #expect(parameters[1]["schema"]?["default"] == 10)
        #expect(parameters[2]["required"] == false)
        #expect(parameters[2]["description"] == "Only these")
        let path = try #require(operation("/items/{item_id}", "get")?["parameters"]?.array?.first)
        #expect(path == ["name": "item_id", "in": "path", "required": true, "schema": ["type": "integer"]])
    }

    @Test func documentsBodiesAndAnswersByReference() {
        let create = operation("/api/v1/items", "post")
        #expect(create?["requestBody"]?["content"]?["application/json"]?["schema"] == ["$ref": "#/components/schemas/ItemCreate"])
        #expect(
            create?["responses"]?["201"]?["content"]?["application/json"]?["schema"] == ["$ref": "#/components/schemas/Item"])
        for name in ["X-Total-Count", "X-Next-Cursor", "Link"] {
            #expect(operation("/items", "get")?["responses"]?["200"]?["headers"]?[name] != nil)
        }
        let deleted = operation("/items/{item_id}", "delete")?["responses"]?["204"]
        #expect(deleted?["description"] == "Successful Response")
        #expect(deleted?["content"] == nil)
        #expect(operation("/page", "get")?["responses"]?["200"]?["content"]?["text/html"] != nil)
    }

    @Test func documentsTheErrorsThatCanOccur() {
        func statuses(_ path: String, _ method: String) -> [Text] {
            guard case .object(let responses)? = operation(path, method)?["responses"] else { return [] }
            return responses.members.map(\.name)
        }
        #expect(statuses("/items", "get") == ["200", "304", "401", "422", "429", "503"])
        #expect(statuses("/items", "post") == ["201", "400", "401", "408", "409", "413", "415", "422", "503"])
        #expect(statuses("/items/{item_id}", "get") == ["200", "304", "404", "422", "503"])
        #expect(statuses("/items/{item_id}", "delete") == ["204", "401", "403", "404", "409", "422", "503"])
        #expect(statuses("/page", "get") == ["200", "304", "503"])
        #expect(statuses("/state", "get") == ["200", "304", "503"])
    }

    @Test func documentsAnotherStatusOfTheSameContentAndOtherMediaTypes() {
        let answers = operation("/state", "get")?["responses"]
        #expect(answers?["503"] == answers?["200"])
        for mediaType in ["application/json", "text/plain"] { #expect(answers?["200"]?["content"]?[mediaType]?["schema"] != nil) }
    }

    @Test func documentsErrorsInBothShapesAndWithTheirHeaders() {
        let limited = document()["components"]?["responses"]?["RateLimited"]
        #expect(operation("/items", "get")?["responses"]?["429"] == ["$ref": "#/components/responses/RateLimited"])
        #expect(limited?["content"]?["application/json"]?["schema"] == ["$ref": "#/components/schemas/ErrorResponse"])
        #expect(limited?["content"]?["application/problem+json"]?["schema"] == ["$ref": "#/components/schemas/ProblemDetails"])
        for name in ["Retry-After", "RateLimit", "X-Request-ID"] {
            #expect(limited?["headers"]?[name] == ["$ref": .string("#/components/headers/\(name)")])
        }
        #expect(operation("/items", "get")?["responses"]?["401"] == ["$ref": "#/components/responses/NotAuthenticatedInvalidToken"])
    }

    @Test func asksForATokenWhereOneIsNeeded() {
        #expect(operation("/items", "get")?["security"] == [["OAuth2PasswordBearer": []]])
        #expect(operation("/page", "get")?["security"] == nil)
        #expect(
            document()["components"]?["securitySchemes"]?["OAuth2PasswordBearer"]?["flows"]?["password"]?["tokenUrl"]
                == "/api/v1/auth/login/access-token")
    }

    @Test func everyReferenceLeadsSomewhere() {
        let document = document()
        var references: Set<String> = []
        func collect(_ value: JSONValue) {
            switch value {
            case .object(let object):
                for member in object.members {
                    if member.name == "$ref", let reference = member.value.string { references.insert(reference) }
                    collect(member.value)
                }
            case .array(let elements): elements.forEach(collect)
            default: break
            }
        }
        collect(document)
        #expect(references.count >= 5)
        for reference in references {
            let target = reference.split(separator: "/").dropFirst().reduce(Optional(document)) { $0?[String($1)] }
            #expect(target != nil, "\(reference) leads nowhere")
        }
    }
}
