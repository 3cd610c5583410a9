import Reactor
import Testing

@testable import App

@Suite struct ResponseSchemaTests {
    private enum State: String, CaseIterable, JSONRepresentable { case open, done }

    private struct Item: ResponseObject {
        var id: Int64 = 7
        var name: String? = nil
        var state = State.open
        var price = JSONNumber(verbatim: "19.90")
        var tags: [String] = []

        static let schema = ResponseSchema<Item>(
            "Item",
            .property("id", description: "Unique") { $0.id },
            .property("quoted\"name") { $0.name },
            .property("state") { $0.state },
            .property("price") { $0.price },
            .property("tags") { $0.tags })
    }

    @Test func writesPropertiesInOrderWithEscapedNames() {
        #expect(
            String(decoding: Item(name: "a\"b", tags: ["x", "y"]).json, as: UTF8.self)
                == #"{"id":7,"quoted\"name":"a\"b","state":"open","price":19.90,"tags":["x","y"]}"#)
    }

    @Test func writesNilAsNullAndListsAsArrays() throws {
        let json = try JSONParser.parse([Item(), Item(id: 8)].json)
        #expect(json.array?.count == 2)
        #expect(json.array?.first?["quoted\"name"] == JSONValue.null)
        #expect([Item]().json == Array("[]".utf8))
    }

    @Test func anObjectWithoutPropertiesIsStillAnObject() {
        struct Empty: ResponseObject { static let schema = ResponseSchema<Empty>("Empty") }
        #expect(Empty().json == Array("{}".utf8))
    }

    @Test func theSchemaListsEveryPropertyAsRequired() throws {
        let component = try #require(Item.schemaNode.components.first { $0.name == "Item" })
        let json = JSONValue.object(component.json)
        #expect(json["required"]?.array?.count == 5)
        #expect(json["properties"]?["id"] == ["type": "integer", "description": "Unique"])
        #expect(json["properties"]?["state"] == ["$ref": "#/components/schemas/State"])
        #expect(Item.schemaNode.components.contains { $0.name == "State" })
        #expect(JSONValue.object([Item].schemaNode.json) == ["type": "array", "items": ["$ref": "#/components/schemas/Item"]])
    }
}
