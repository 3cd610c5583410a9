// A member that must be there unless another one is.

import Reactor
import Testing

@testable import App

@Suite struct ConditionalFieldTests {
    private static let name = Field.string("name", length: 1...3).omittable()
    private static let password = Field.string("password").secret().omittable()
    private static let schema = ObjectSchema("Entry", ConditionalField(name, unless: "password"), password)

    private func decode(_ object: JSONObject) -> (values: ObjectValues?, faults: [Fault]) {
        var validation = Validation(at: ["body"])
        let values = ConditionalFieldTests.schema.values(of: object, echoesObject: true, &validation)
        return (values, validation.faults)
    }

    @Test func mayBeLeftOutWhereTheOtherMemberIsThere() throws {
        let values = try #require(decode(["password": "secret"]).values)
        #expect(values[ConditionalFieldTests.name] == nil)
    }

    @Test func isMissingWhereNeitherIsThere() {
        #expect(decode([:]).faults == [Fault(kind: .missing, location: ["body", "name"], input: [:])])
    }

    @Test func isCheckedWhereItIsThere() throws {
        #expect(try #require(decode(["name": "Ada"]).values)[ConditionalFieldTests.name] == "Ada")
        #expect(decode(["name": "too long", "password": "secret"]).faults.map(\.kind) == [.stringTooLong(maximum: 3)])
    }

    @Test func isOptionalInTheDocument() {
        #expect(ConditionalFieldTests.schema.node.components.first?.json["required"] == nil)
    }
}
