// Whole inputs: all faults at once, in order, and nothing secret among them.

import Reactor
import Testing

@testable import App

@Suite struct ObjectSchemaTests {
    private enum Priority: String, CaseIterable, JSONRepresentable { case low, medium, high }

    private struct Body: RequestBody {
        let title: Text
        let note: Text?
        let priority: Priority
        let password: Text
        let description: Patch<Text>

        private static let title = Field.string("title", length: 1...5)
        private static let note = Field.string("note").optional()
        private static let priority = Field<Priority>.enumeration("priority").defaulting(to: .medium)
        private static let password = Field.string("password", length: 8...128).secret()
        private static let description = Field.string("description").patch()
        static let schema = ObjectSchema("Body", title, note, priority, password, description)

        init(_ values: ObjectValues) {
            title = values[Self.title]
            note = values[Self.note]
            priority = values[Self.priority]
            password = values[Self.password]
            description = values[Self.description]
        }
    }

    private func decode(_ text: String) -> (body: Body?, faults: [Fault]) {
        var validation = Validation(at: ["body"])
        let values = BodyReader.values(of: .json(Array(text.utf8)), Body.schema, BodyReader.Limits(), &validation)
        return (values.map(Body.init), validation.faults)
    }

    @Test func decodesWhatIsThereAndDefaultsWhatIsNot() throws {
        let body = try #require(decode(#"{"title":"abc","password":"password123"}"#).body)
        #expect(body.title == "abc")
        #expect(body.note == nil)
        #expect(body.priority == .medium)
        #expect(body.description == .absent)
    }

    @Test func knowsTheValuesOfNothingWhereNothingIsRequired() throws {
        #expect(Body.schema.valuesOfNothing == nil)
        let unasked = try #require(ListTasksQuery.schema.valuesOfNothing.map(ListTasksQuery.init))
        #expect(unasked.page == PageRequest(limit: 100))
        #expect(unasked.filter == TaskFilter())
    }

    @Test func decodesNullsAndValues() throws {
        let body = try #require(
            decode(#"{"title":"abc","note":null,"priority":"high","password":"password123","description":null}"#).body)
        #expect(body.note == nil)
        #expect(body.priority == .high)
        #expect(body.description == .null)
    }

    @Test func listsEveryFaultInOrder() {
        let (body, faults) = decode(#"{"title":"too long","priority":"x","role":"admin","is_admin":true}"#)
        #expect(body == nil)
        #expect(faults.map(\.kind.type) == ["string_too_long", "enum", "missing", "extra_forbidden", "extra_forbidden"])
        #expect(
            faults.map(\.location) == [
                ["body", "title"], ["body", "priority"], ["body", "password"], ["body", "role"], ["body", "is_admin"],
            ])
        #expect(faults[3].input == "admin")
    }

    @Test func aMissingFieldShowsTheObjectWithoutItsSecrets() {
        let (_, faults) = decode(#"{"password":"password123"}"#)
        #expect(faults.map(\.kind) == [.missing])
        #expect(faults[0].input == ["password": "**********"])
    }

    @Test func aFaultySecretIsNotEchoed() {
        let (_, faults) = decode(#"{"title":"abc","password":"short"}"#)
        #expect(faults.map(\.kind) == [.stringTooShort(minimum: 8)])
        #expect(faults[0].input == "**********")
    }

    @Test func bodiesThatAreNoObjects() {
        #expect(decode("").faults == [Fault(kind: .missing, location: ["body"], input: nil)])
        #expect(decode("[1]").faults == [Fault(kind: .modelAttributesType, location: ["body"], input: [1])])
        #expect(decode("null").faults == [Fault(kind: .modelAttributesType, location: ["body"], input: JSONValue.null)])
    }

    @Test func malformedJSONNamesTheOffset() {
        #expect(decode("{\"title\":}").faults == [Fault(kind: .jsonInvalid("Expecting value"), location: ["body", 9], input: [:])])
    }

    @Test func readsFormsToo() {
        struct Login: RequestBody {
            let username: Text
            static let encodings: [BodyEncoding] = [.json, .form]
            private static let username = Field.string("username", length: 1...)
            static let schema = ObjectSchema("Login", unknownMembers: .ignored, username)
            init(_ values: ObjectValues) { username = values[Self.username] }
        }
        var validation = Validation(at: ["body"])
        let values = BodyReader.values(
            of: .form(Array("username=jane%40x.y&scope=&grant_type=password".utf8)), Login.schema, BodyReader.Limits(), &validation)
        #expect(values.map(Login.init)?.username == "jane@x.y")
        _ = BodyReader.values(of: .form([]), Login.schema, BodyReader.Limits(), &validation)
        #expect(validation.faults == [Fault(kind: .missing, location: ["body", "username"], input: .null)])
    }

    @Test func emptyAndUnknownMembersOfAFormAreAbsentAndThoseOfJSONAreNot() {
        let title = Field.string("title", length: ...10).optional()
        let schema = ObjectSchema("Titled", title)
        var form = Validation(at: ["body"])
        let values = BodyReader.values(of: .form(Array("title=&role=admin&role=".utf8)), schema, BodyReader.Limits(), &form)
        #expect(values.map { $0[title] } == .some(nil))
        #expect(form.faults.isEmpty)
        var json = Validation(at: ["body"])
        let same = BodyReader.values(of: .json(Array(#"{"title":""}"#.utf8)), schema, BodyReader.Limits(), &json)
        #expect(same.map { $0[title] } == "")
        _ = BodyReader.values(of: .json(Array(#"{"role":"admin"}"#.utf8)), schema, BodyReader.Limits(), &json)
        #expect(json.faults == [Fault(kind: .extraForbidden, location: ["body", "role"], input: "admin")])
    }

    @Test func aBodyOfUnknownMembersDoesNotMultiply() {
        let members = (0..<5_000).map { #""m\#($0)":0"# }.joined(separator: ",")
        #expect(decode("{\(members)}").faults.count == Validation.maxFaults)
        let big = String(repeating: "x", count: 100_000)
        let (_, faults) = decode(#"{"title":"\#(big)"}"#)
        #expect(faults.allSatisfy { $0.input == nil || $0.input == .null })
    }

    @Test func choosesTheEncodingByContentType() throws {
        try #expect(BodyReader.encoding(of: nil, among: [.json]) == .json)
        try #expect(BodyReader.encoding(of: "application/json; charset=utf-8", among: [.json]) == .json)
        try #expect(BodyReader.encoding(of: "Application/Merge-Patch+JSON", among: [.json]) == .json)
        try #expect(BodyReader.encoding(of: "application/x-www-form-urlencoded", among: [.json, .form]) == .form)
        for wrong in [
            "text/plain", "application/x-www-form-urlencoded", "", "application/jsonx", "multipart/form-data; boundary=x",
            "application/ json", "appli cation/json",
        ] {
            #expect(throws: APIError.self) { try BodyReader.encoding(of: Text(wrong), among: [.json]) }
        }
    }

    private func form(_ text: String, _ names: String...) -> JSONObject { FormDecoding.object(Array(text.utf8), names: names) }

    @Test func formDecodingKeepsTheLastOfANameAndToleratesStrayPercents() {
        let text = "a=1&b=two%20w+o&a=3&c&=x&%zz=%4&&%61b=5&a+c=6"
        #expect(
            form(text, "a", "b", "c", "", "%zz", "ab", "a c") == [
                "a": "3", "b": "two w o", "c": "", "": "x", "%zz": "%4", "ab": "5", "a c": "6",
            ])
        #expect(form("a=%FF", "a")["a"] == "\u{FFFD}")
        #expect(form("", "a").isEmpty)
    }

    @Test func pairsThatNobodyAskedForAreLeftOut() {
        #expect(form("a=1&b=2&ab=3", "b") == ["b": "2"])
        let longest = String(repeating: "n", count: 256)
        #expect(form("\(longest)=1&\(longest)n=2", longest) == [longest: "1"])
        #expect(form("\(String(repeating: "%6E", count: 256))=1", longest) == [longest: "1"])
    }

    @Test func faultsEchoSoMuchTogetherAndNoMore() {
        var validation = Validation(at: ["body"])
        let input = JSONValue.string(Text(String(repeating: "x", count: 1_022)))
        for _ in 0..<200 { validation.report(.extraForbidden, input: input) }
        #expect(validation.faults.count == 200)
        #expect(validation.faults.count { $0.input != nil } == 32)
        #expect(validation.faults.prefix(32).allSatisfy { $0.input != nil })
    }

    @Test func whatIsTooLongToBeShownIsNotWrittenToFindOut() throws {
        let list: JSONValue = ["a", 12, true, ["b": nil]]
        let size = list.serialized.count
        let counted = try #require(list.serializedSize(within: 2_048))
        #expect((size...size + 3).contains(counted))
        #expect(list.serializedSize(within: size - 1) == nil)
        #expect(JSONValue.array([]).serializedSize(within: 2) == 2 && JSONValue.object([:]).serializedSize(within: 2) == 2)
        #expect(JSONValue.array(Array(repeating: 1, count: 1_000_000)).serializedSize(within: 2_048) == nil)
    }

    @Test func theSchemaSaysWhatTheValidationDoes() throws {
        let component = try #require(Body.schema.node.components.first)
        let json = JSONValue.object(component.json)
        #expect(component.name == "Body")
        #expect(json["required"] == ["title", "password"])
        #expect(json["additionalProperties"] == false)
        #expect(json["properties"]?["title"] == ["type": "string", "minLength": 1, "maxLength": 5])
        #expect(json["properties"]?["note"] == ["anyOf": [["type": "string"], ["type": "null"]]])
        #expect(json["properties"]?["priority"]?["default"] == "medium")
        #expect(json["properties"]?["password"]?["writeOnly"] == true)
    }
}
